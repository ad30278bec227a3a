import { type Row, rows, words } from "./table.js";

/** Wild animals that need help or give it: the animal, the sound it makes, how it leaves, what it eats. */
export const creatures: readonly Row[] = rows(`
  hedgehog | snuffled | trundled away into the ferns | beetles
  fox | yelped softly | slipped between the trunks | blackberries
  owl | hooted | glided off without a sound | moths
  toad | croaked | crawled under a stone | slugs
  squirrel | chattered | raced up the nearest trunk | hazelnuts
  heron | clattered its beak | flapped slowly across the marsh | minnows
  badger | grunted | waddled home along its path | roots
  goat | bleated | skipped up the rocks | thistles
  donkey | brayed | trotted back to its stable | turnips
  goose | honked | waddled down to the water | barley
  crow | cawed | flew up to the chimney | crumbs
  duck | quacked | paddled away between the reeds | duckweed
  rabbit | thumped one foot | hopped into the clover | dandelions
  turtle | blinked twice | slid into the pond | water lilies
  bat | squeaked | fluttered out into the dusk | gnats
  lizard | flicked its tail | darted into a crack in the wall | ants
  mouse | squeaked | vanished under the floorboards | cheese
  deer | stamped the ground | leapt over the fence | young leaves
  pigeon | cooed | circled the tower twice | peas
  swallow | twittered | shot away over the roofs | midges
  kitten | mewed | curled up beside the stove | milk
  puppy | whimpered | ran in circles around the yard | bones
  calf | mooed | galloped back to the herd | hay
  foal | whinnied | cantered across the paddock | oats
  seagull | screeched | sailed off over the waves | herrings
  crab | clicked its claws | scuttled sideways under a rock | seaweed
  otter | chirped | dived with hardly a ripple | trout
  magpie | chuckled | hopped along the gutter | cherries
  woodpecker | tapped three times | swung up into the pines | grubs
  snail | drew in its horns | crept on, leaving a silver line | lettuce
  ladybird | opened its wings | flew off into the sunshine | greenfly
  bumblebee | buzzed | hummed away from flower to flower | nectar
  butterfly | trembled | danced over the wall | pollen
  lamb | bleated | bounced back to its mother | clover
  hen | clucked | stalked back to the coop | corn
`);

/** Animals that come into a house at night: the animal, the sound it makes, how it leaves, what it eats. */
export const guests: readonly Row[] = rows(`
  hedgehog | snuffled | trundled out into the ferns | cat food
  mouse | squeaked | vanished under the floorboards | cheese
  squirrel | chattered | jumped into the nearest tree | hazelnuts
  dormouse | whistled softly | climbed up the curtain rail and away | sunflower seeds
  toad | croaked | hopped down the cellar steps | crumbs
  raccoon | purred | climbed down the drainpipe | plums
  stray kitten | mewed | slipped through the gap in the fence | dried fish
  duckling | peeped | waddled back to the pond | oat flakes
  owl | blinked | glided off without a sound | bacon
  marten | hissed a little | ran along the gutter | eggs
  jackdaw | cawed | flew up to the chimney | walnuts
  young fox | yelped softly | trotted off between the bean poles | sausages
  bat | squeaked | fluttered out into the dark | dried berries
  hare | drummed with one foot | bounded over the lettuce bed | carrots
`);

/** What an animal may be caught in, and what sets it free. */
export const traps: readonly Row[] = rows(`
  tangled in an old fishing net | cut the strings one by one
  stuck in a drainpipe | tilted the pipe very gently
  trapped under a fallen branch | lifted the branch with both arms
  caught in a bramble bush | bent the thorny stems aside
  shut in a garden shed | pulled the rusty bolt until it moved
  stranded on a ledge | laid a plank across the gap
  at the bottom of an empty bucket | tipped the bucket on its side
  wedged between two boards of the fence | pushed the boards apart
  wrapped in a piece of string | unwound the string, turn after turn
  in a pit that somebody had dug | slid a branch down like a ladder
  frozen to the bone in the snow | wrapped it in a warm scarf | @winter
  lost in the middle of the road | carried it safely to the grass
  tangled in the wire of a gate | untwisted the wire bit by bit
  shivering in a wet cardboard box | rubbed it dry with a towel
`);

/** Weather: how a day is, what it looks like, what the air does; the seasons that have it. */
export const weathers: readonly Row[] = rows(`
  sunny | the sky was as blue as a bottle | was warm even in the shade
  windy | the clouds ran like sheep | tugged at every hat | @spring @autumn @winter
  foggy | the houses looked like grey ships | was as thick as milk | @autumn @winter
  rainy | drops raced each other down the window | was full of drops | @spring @summer @autumn
  snowy | the roofs wore thick white caps | glittered | @winter
  frosty | every blade of grass had a white edge | pinched their ears | @winter
  stormy | thunder grumbled behind the hills | crackled | @summer @autumn
  mild | the first bees were out | was as soft as silk | @spring
  hot | even the dogs lay in the shade | shimmered over the path | @summer
  cloudy | the sun played hide and seek | was cool and still
  drizzly | the whole street shone like a mirror | tickled the nose | @spring @autumn
  breezy | the washing danced on the line | turned the weathercock round and round | @spring @summer
  misty | a pale ribbon lay along the river | hung white over the fields | @spring @autumn
  golden | the low sun lit every window | was clear as far as the mountains | @summer @autumn
  chilly | smoke rose straight from the chimneys | made every breath visible | @autumn @winter
`);

/** Parts of a day. */
export const times: readonly Row[] = words("morning, afternoon, evening, day");

/** Days of the week. */
export const weekdays: readonly Row[] = words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday");

/** Months by season. */
export const months: readonly Row[] = rows(`
  March | @spring
  April | @spring
  May | @spring
  June | @summer
  July | @summer
  August | @summer
  September | @autumn
  October | @autumn
  November | @autumn
  December | @winter
  January | @winter
  February | @winter
`);

/** Trees. */
export const trees: readonly Row[] = words(`
  oak, beech, birch, willow, chestnut, maple, pine, larch, linden, poplar, elm, rowan, alder, cherry, apple, pear, plum,
  walnut, hazel, cedar, ash, fig, olive, spruce
`);

/** Flowers, and what stands in for them when nothing flowers. */
export const flowers: readonly Row[] = rows(`
  tulips | @spring
  violets | @spring
  primroses | @spring
  daffodils | @spring
  bluebells | @spring
  crocuses | @spring
  daisies | @spring
  cowslips | @spring
  pansies | @spring
  hyacinths | @spring
  anemones | @spring
  forget-me-nots | @spring
  poppies | @summer
  marigolds | @summer
  roses | @summer
  lilies | @summer
  sunflowers | @summer
  foxgloves | @summer
  peonies | @summer
  lupins | @summer
  cornflowers | @summer
  geraniums | @summer
  irises | @summer
  hollyhocks | @summer
  sweet peas | @summer
  buttercups | @summer
  carnations | @summer
  asters | @autumn
  dahlias | @autumn
  toadstools | @autumn
  chrysanthemums | @autumn
  rosehips | @autumn
  pumpkins | @autumn
  autumn crocuses | @autumn
  rowan berries | @autumn
  puffballs | @autumn
  snowdrops | @winter
  holly berries | @winter
  catkins | @winter
  fir cones | @winter
  winter roses | @winter
  frozen grasses | @winter
  ivy leaves | @winter
`);

/** Birds that sing. */
export const birds: readonly Row[] = words(`
  blackbird, robin, wren, lark, thrush, finch, starling, nightingale, cuckoo, sparrow, warbler, goldfinch
`);

/** What the air smells of. */
export const smells: readonly Row[] = words(`
  fresh bread, wet earth, wood smoke, lavender, salt, warm tar, mint, pine needles, ripe apples, hay, rain,
  cinnamon, soap, coffee, honey, roasted chestnuts, damp moss, orange peel, beeswax, gingerbread, seaweed, old books, thyme
`);

/** What one hears from afar. */
export const sounds: readonly Row[] = words(`
  a church bell, a barking dog, the mill wheel, a distant train, somebody practising the trumpet, the ferry horn, a cockerel,
  children skipping rope, a creaking gate, the wind in the wires, a ticking clock, a saw, someone laughing, the sea,
  a passing cart, the kettle, a hammer, a fiddle, frogs, the rustle of leaves
`);

/** What one dreams of. */
export const dreams: readonly Row[] = words(`
  flying over the rooftops, a boat made of moonlight, talking whales, a staircase of clouds, mountains of pancakes,
  a city under the sea, dancing lanterns, a garden that floated, riding on a swan, a library without end, singing stones,
  snow that tasted of vanilla, a very small elephant, tomorrow, nothing at all, a train to the stars, a friendly giant,
  kites as big as houses, a whispering forest, a carousel in the meadow, golden bees, a quiet harbour
`);

/** Seeds: what is sown, what comes up, how one tastes or uses it. */
export const crops: readonly Row[] = rows(`
  sunflower seed | a sunflower taller than the fence | gave the seeds to the birds
  pumpkin seed | a pumpkin as round as a stove | cooked a huge pot of soup
  bean | a bean plant that climbed to the gutter | filled three bowls with beans
  apple pip | a thin little tree with four leaves | measured it every birthday
  pea | a row of fat green pods | ate the peas straight from the pod
  carrot seed | a carrot with two legs | laughed so much that nobody wanted to eat it
  radish seed | a patch of red radishes | ate them with butter and salt
  acorn | an oak no taller than a spoon | put a little fence around it
  tomato seed | a bush with twenty tomatoes | made a sauce for the whole street
  melon seed | a melon that nobody could lift alone | cut it into a dozen slices
  poppy seed | a bed of scarlet poppies | dried the heads as rattles
  strawberry plant | seven berries hidden under the leaves | shared them, one each and one for the blackbird
  cress seed | a green carpet on a plate | put it on bread with cheese
  lemon pip | a shiny plant that smelled of summer | stood it in the brightest window
  onion | a purple ball on a long stalk | used it as a lamp in a puppet play
`);
