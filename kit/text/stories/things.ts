import { type Row, rows, words } from "./table.js";

/**
 * Toys: what it is, what one did with it, doing so, the part that breaks, how it broke, what mends it.
 */
export const toys: readonly Row[] = rows(`
  kite | flew it above the hill | flying it | tail | tore off | a strip of ribbon
  toy boat | sailed it across the pond | sailing it | mast | snapped | a straight twig | @spring @summer @autumn
  doll | gave it tea in a tiny cup | playing with it | arm | came loose | a needle and thread
  drum | tapped out marches on it | drumming | skin | split | a patch of leather
  cart | pulled it along the lane | pulling it | wheel | came off | a wooden peg
  spinning top | made it whirl on the doorstep | spinning it | handle | cracked | a drop of glue
  teddy bear | took it everywhere | hugging it | ear | came off | six stitches of brown wool
  puppet | let it bow and dance | making it dance | string | broke | a length of fishing line
  paper lantern | carried it through the dusk | carrying it | frame | bent | a piece of wire
  hobby horse | galloped around the yard on it | riding it | mane | came unglued | a bundle of yarn
  scooter | raced down the lane on it | riding it | bell | fell off | a new screw
  music box | wound it up and listened | listening to it | spring | jammed | a drop of oil
  yo-yo | sent it up and down for hours | playing with it | cord | frayed | a bootlace
  toy train | drove it under every chair | driving it | chimney | fell off | a cork
  windmill on a stick | held it into the breeze | running with it | sail | tore | a bit of coloured paper | @spring @summer
  telescope | looked at the moon through it | looking through it | lens | slipped out | a ring of copper
  skipping rope | skipped to a hundred with it | skipping | grip | split | a strip of tape
  rag rabbit | told it all the secrets | whispering to it | button eye | fell off | a button from an old coat
  sled | slid down the hill on it | sledging | runner | bent | two strong nails | @winter
  jigsaw puzzle | laid it out on the rug | solving it | box | fell apart | a paper bag and string
  marble run | let marbles rattle down it | building it | ramp | broke | a slice of bark
  tin robot | marched it along the shelf | winding it up | key | got lost | a bent hairpin
  paint box | painted the whole sea with it | painting with it | lid | cracked | a strip of cloth
  whistle | whistled like a train on it | whistling | ball | stuck | a thin straw
  dolls' house | moved the furniture from room to room | arranging it | roof | caved in | a piece of cardboard
  rubber ball | bounced it against the wall | bouncing it | seam | opened | a patch from the bicycle shop
  toy crane | lifted pencils with it | working it | hook | came off | a paper clip
  bow of hazel wood | shot arrows at a bucket with it | practising with it | string | snapped | a cord of hemp
  glider | threw it from the balcony | throwing it | wing | broke | a sheet of thin wood
  wooden duck | pulled it behind on walks | pulling it | foot | came off | a scrap of orange leather
`);

/** What a thing looks like. */
export const colours: readonly Row[] = words(`
  red, blue, green, yellow, orange, purple, white, black, brown, silver, golden, pink, grey, scarlet, turquoise, violet,
  striped, spotted, checked, sky-blue, cream-coloured, rust-red
`);

/** How old or well used a thing is. */
export const conditions: readonly Row[] = words(`
  little, old, new, favourite, shiny, faded, beautiful, funny, light, heavy, small, splendid, plain, bright, scratched
`);

/** Small finds and treasures, and what is nice about one. */
export const treasures: readonly Row[] = rows(`
  brass key | it was as long as a finger
  glass marble | a blue flame was frozen inside
  silver spoon | it had a ship on its handle
  smooth white stone | it was warm from the sun
  feather | it shone green and black by turns
  snail shell | its stripes ran round and round
  coin | nobody knew the king on it
  fossil | a tiny creature had slept in it for a million years
  button | it was carved like a rose
  compass | its needle still trembled towards the north
  bell | it rang as clear as water
  postcard | somebody had written only one word on it
  amber bead | a gnat was caught inside
  wooden horse | it fitted into the palm of a hand
  pocket watch | it still ticked, a little slowly
  seashell | one could hear waves in it
  medal | it said "For Courage" on the back
  notebook | all its pages were empty
  thimble | it was dented like the moon
  magnet | it could lift eleven pins
  ring of braided straw | it smelled of last summer
  crystal | it threw rainbows on the wall
  horseshoe | the nails were still in it
  map of the stars | the names were written in curly letters
  blue tile | a dolphin jumped across it
`);

/** Clothes. */
export const clothes: readonly Row[] = words(`
  scarf, coat, hat, cap, jumper, raincoat, apron, cardigan, waistcoat, cloak, jacket, dress, shirt, hood, bonnet, dressing gown
`);

/** Things to eat on the way. */
export const snacks: readonly Row[] = words(`
  apple, bun, pancake, pear, biscuit, sandwich, pretzel, waffle, plum, boiled egg, muffin, peach, dumpling, slice of toast,
  piece of cheese, handful of raisins, bowl of porridge, gingerbread man, cucumber, banana, handful of nuts, honey cake
`);

/** Dishes: what is made, what goes in first, what goes in next, what is missing, who might have it. */
export const dishes: readonly Row[] = rows(`
  apple pie | flour and butter | six sour apples | cinnamon
  vegetable soup | carrots and leeks | a big potato | salt
  pancakes | milk and flour | three eggs | sugar
  plum cake | eggs and butter | a bowl of plums | flour
  bread | flour and water | a pinch of salt | yeast
  tomato sauce | onions and oil | ripe tomatoes | basil
  noodle stew | broth and noodles | chopped mushrooms | pepper
  fruit salad | grapes and melon | slices of peach | lemon juice
  cheese dumplings | curd and semolina | grated cheese | an egg
  lemon biscuits | sugar and butter | the peel of two lemons | baking powder
  rice pudding | rice and milk | a spoon of butter | vanilla
  potato pancakes | grated potatoes | a chopped onion | nutmeg
  berry jam | raspberries and currants | a cup of water | sugar
  pizza | dough and tomatoes | slices of cheese | oregano
  chocolate cake | flour and eggs | melted chocolate | cream
  lentil curry | lentils and garlic | coconut milk | ginger
  cherry crumble | cherries and oats | brown sugar | butter
  nut bread | walnuts and rye | warm water | honey
  bean salad | beans and parsley | a red onion | vinegar
  waffles | cream and flour | a drop of vanilla | eggs
`);

/** Instruments: what it is, how one plays it, how it sounds at first, how it sounds later. */
export const instruments: readonly Row[] = rows(`
  flute | blew into it | squeaked like a hungry chick | sang like a blackbird
  violin | drew the bow across it | scratched like a cat at the door | sounded like a summer evening
  trumpet | puffed into it | sounded like an angry goose | rang out over the roofs
  harmonica | breathed in and out of it | wheezed like a tired bellows | hummed a real tune
  guitar | plucked its strings | buzzed and twanged | rippled like a brook
  cello | leaned against it and bowed | groaned like an old ship | sounded deep and calm
  accordion | pulled and pushed it | gasped for air | danced from note to note
  banjo | picked at it | clattered like falling pans | skipped along merrily
  clarinet | blew with round cheeks | shrieked | sounded as round as a bubble
  xylophone | struck it with two sticks | clinked without any order | chimed like icicles
  harp | ran all fingers over it | jangled | shimmered like rain in the sun
  horn | blew until both ears were red | made a rude noise | called far across the valley
  ukulele | strummed it | plinked out of tune | made everybody tap their feet
  tambourine | shook it | rattled at the wrong moment | kept time like a heartbeat
`);

/** Presents that are made by hand: what, of what, what has to be done, what is done with it. */
export const handmade: readonly Row[] = rows(`
  picture frame | driftwood and shells | gluing | hung it above the table
  pair of mittens | thick blue wool | knitting | wore them until the snow melted
  necklace | acorn cups and thread | threading | put it on at once
  bird house | an old crate | hammering | nailed it to the plum tree
  calendar | twelve sheets of paper | drawing | turned a page on the first of every month
  basket | willow twigs | weaving | carried the eggs in it
  candle | leftover wax | stirring and pouring | lit it at supper
  pillow | a flowered curtain and hay | sewing | slept on it the very same night
  book | paper, string and cardboard | folding and writing | read it aloud twice
  whistle | a piece of elder wood | carving | blew it so loudly that the cat fled
  bookmark | pressed flowers | cutting and pasting | laid it in the thickest book
  lamp shade | coloured paper | cutting | switched on the lamp to see the colours
  clay pot | wet brown clay | shaping and smoothing | planted a hyacinth in it
  stool | four branches and a board | sawing | sat down on it with a sigh of comfort
  tablecloth | an old sheet | printing with potato stamps | spread it on Sunday
  mobile | twigs and paper birds | balancing | hung it where the draught could reach it
  mug | white clay | painting and baking | drank cocoa from it every evening
  shelf | two boards and rope | measuring | put the best plates on it
`);

/** What can be built outdoors: the thing, what of, what makes it fall, what makes it stand, what it is good for. */
export const buildings: readonly Row[] = rows(`
  den | branches and moss | it leaned too far to one side | a strong pole in the middle | telling ghost stories
  snow house | blocks of snow | the roof was too flat | a rounder roof | drinking hot tea | @winter
  raft | barrels and planks | the knots were too loose | better knots | drifting along the bank | @spring @summer
  tree house | boards and rope | one branch was rotten | a thicker branch | watching the stars
  dam | stones and mud | the water found a hole | big stones below and small ones above | sailing leaves | @spring @summer @autumn
  sandcastle | wet sand and shells | it stood too close to the waves | a deep ditch around it | playing kings and queens | @summer
  tent | an old sheet and sticks | the wind got under the cloth | heavy stones on the corners | sleeping outdoors | @spring @summer
  bridge | two long boards | it wobbled in the middle | a pile of flat stones under it | crossing the ditch with dry feet
  tower | wooden crates | the biggest crate stood on top | the biggest crate at the bottom | looking over the wall
  go-cart | a crate and four wheels | one axle was crooked | a straight iron bar | racing down the lane
  scarecrow | straw and old trousers | it had only one leg to stand on | a post hammered into the earth | greeting the postman
  swing | a rope and a tyre | the knot slipped | a knot that sailors use | flying up to the leaves
  weather vane | tin and a nail | it would not turn | a drop of oil | knowing where the wind came from
  lantern tower | jars and wire | the jars stood too close together | a wider ring at the bottom | lighting up the garden
`);

/** Skills: what one learns, how the first attempt ends, a piece of advice, what it feels like when it works. */
export const skills: readonly Row[] = rows(`
  ride a bicycle | ended in a hedge | Look ahead, not at the wheel | the whole street flew by
  swim | ended with water in both ears | Breathe out slowly and lie on the water | the lake carried everything | @summer
  whistle | was nothing but air | Make your lips as small as a cherry stone | a clear note jumped out
  skate | ended on the ice, flat on the back | Bend your knees and lean forward | the ice hummed below | @winter
  tie a bow | ended in a knot as big as a plum | Make two ears and let them shake hands | two perfect loops stood there
  juggle | sent a potato into the soup | Throw higher and look up | three balls hung in the air like planets
  row a boat | ended in the reeds | Pull both oars at the same time | the boat drew a straight line | @spring @summer @autumn
  walk on stilts | ended in the flower bed | Never stand still | the washing line was suddenly at eye level
  do a handstand | ended against the dresser | Push the ground away | the floor became the ceiling
  knit | looked like a fishing net | Count every stitch aloud | a row lay there as straight as a ruler
  bake bread | came out as hard as a brick | Give the dough time to rest | the loaf was as light as a cloud
  read a clock | made everybody late for lunch | The short hand walks, the long hand runs | the hours suddenly made sense
  milk a goat | ended with an empty pail and a cross goat | Warm your hands and hum a little | the milk rang in the pail
  ski | ended upside down in the snow | Put your weight on the lower foot | the slope turned into a song | @winter
  catch a ball | ended with a sore nose | Watch the ball all the way into your hands | the ball landed with a soft clap
  dive | made a splash that wet the ducks | Chin down and hands first | the water opened without a sound | @summer
  fold a paper crane | looked like a squashed hat | Press every edge with your thumbnail | a bird with sharp wings stood on the table
  speak in front of the class | stopped after two words | Choose one friendly face and tell it to that one | all the words came by themselves
`);

/** Fears: what is frightening, when it comes, what it turns out to be. */
export const fears: readonly Row[] = rows(`
  the dark | when the lamp was put out | The dark was soft and full of quiet sounds
  thunder | when clouds piled up | It was only a big noise with rain behind it
  deep water | when the boat left the shore | The water was cool and strong and ready to carry | @summer
  big dogs | when something barked behind a fence | The dog was warm, and glad to be stroked
  high places | when the ladder began to sway | It was airy up there, with a view to the end of the world
  spiders | when something moved in the corner | The spider was busy with its net and did not even look up
  the cellar | when the door creaked open | There was nothing but jars, potatoes and a broken chair
  strangers | when the doorbell rang | The stranger was just as shy
  the long tunnel | when the daylight disappeared | The tunnel was shorter than it looked from outside
  the dentist | when the white door opened | The dentist was careful and knew a joke for every tooth
  the first day of school | when the big bell rang | The room was full of others who felt the same | @autumn
  geese | when they stretched their necks | The geese were satisfied with a bow and a piece of bread
  masks | when the carnival marched by | The mask was only cardboard, with a friend underneath | @winter
  bees | when something hummed near one ear | The bees were much more interested in flowers | @spring @summer
  ghosts | when the curtain moved | The ghost was a shirt on the line
  lifts | when the doors slid shut | The lift only hummed a little and opened again
`);

/** Things that break when they fall. */
export const vases: readonly Row[] = words("vase, teapot, jug, plate, bowl, lamp, cup, sugar bowl, mirror, clay horse");

/** Drinks against a stomach ache. */
export const teas: readonly Row[] = words("peppermint tea, camomile tea, fennel tea, sage tea, bitter tea, ginger tea");
