import { type Row, rows, words } from "./table.js";

/** Names of girls. */
export const girls: readonly Row[] = words(`
  Ada, Alba, Amina, Anouk, Asha, Astrid, Bea, Bella, Birgit, Carla, Cleo, Cora, Dalia, Dora, Elif, Elsa, Emma, Esme,
  Fatima, Fern, Freya, Gina, Greta, Hana, Hazel, Heidi, Ida, Ines, Iris, Ivy, Jana, Juna, Kaia, Keiko, Lara, Leila, Lena,
  Lotte, Lucia, Mabel, Maya, Mei, Mila, Mina, Mira, Nadia, Nell, Nina, Nora, Olga, Olive, Pia, Pippa, Priya, Rania, Rosa,
  Ruth, Sada, Selma, Signe, Sofia, Suki, Tamar, Tessa, Tilda, Uma, Vera, Wanda, Willa, Yara, Ylva, Zadie, Zoe, Zora
`);

/** Names of boys. */
export const boys: readonly Row[] = words(`
  Aaron, Adam, Ali, Anton, Arlo, Arun, Basil, Ben, Bilal, Boris, Bruno, Caleb, Carlo, Casper, Dario, David, Diego, Dov,
  Eli, Emil, Enzo, Ezra, Felix, Finn, Frank, Gabriel, George, Gus, Hamza, Hank, Henry, Hugo, Ian, Igor, Ivan, Jakob, Jasper,
  Joel, Jonas, Kai, Karim, Kenji, Kofi, Lars, Leo, Levi, Linus, Luca, Malik, Marco, Mateo, Milo, Nico, Nils, Noah, Oleg, Omar,
  Oscar, Otis, Otto, Pablo, Pavel, Peter, Ravi, Remy, Robin, Rolf, Sami, Silas, Simon, Stefan, Tariq, Theo, Tom, Viktor,
  Walter, Yusuf, Zeke
`);

/** Names of animals that lead a story. */
export const pawNames: readonly Row[] = words(`
  Acorn, Amber, Barley, Biscuit, Bramble, Bristle, Burr, Button, Chestnut, Clover, Comet, Copper, Cricket, Domino, Ember,
  Fidget, Flint, Freckle, Ginger, Hickory, Juniper, Marble, Mossy, Muffin, Nettle, Nutmeg, Pebble, Pepper, Pickle, Poppy,
  Quill, Rusty, Saffron, Scamper, Smudge, Sorrel, Speckle, Tansy, Thimble, Thistle, Truffle, Tumble, Twig, Velvet, Whisker
`);

/** Animals that lead a story: who they are, where their home is. */
export const paws: readonly Row[] = rows(`
  rabbit | in a warm burrow under the roots of an oak
  squirrel | in a hollow high up in a beech tree
  hedgehog | in a nest of dry leaves behind the hedge
  otter | in a snug den on the river bank
  mouse | in a teapot somebody had left in the garden
  badger | in a deep sett at the edge of the wood
  fox | in a sandy den below the hill
  mole | at the end of the longest tunnel in the meadow
  duckling | among the reeds beside the mill pond
  bear cub | in a dry cave behind the waterfall
  beaver | in a lodge of sticks in the middle of the stream
  frog | under a broad lily pad in the marsh
  kitten | in the loft above the bakery
  puppy | in a kennel next to the lighthouse
  piglet | in a tidy sty on the windy side of the farm
  lamb | in the stone barn where the valley ends
  penguin | on a round island of ice and pebbles
  sparrow | in a nest under the roof of the railway station
  tortoise | between two flat rocks in the old orchard
  raccoon | in an empty barrel behind the sawmill
  hare | in the long grass on the sunny slope
  dormouse | in a woollen mitten that hung in a bush
`);

/** Grown-ups and older children of a family, and their pronoun. */
export const elders: readonly Row[] = rows(`
  mother | she
  father | he
  grandmother | she
  grandfather | he
  aunt | she
  uncle | he
  big sister | she
  big brother | he
`);

/** Neighbours by their work, and what they have at hand. */
export const neighbours: readonly Row[] = rows(`
  baker | a tray of warm rolls
  postman | a bag full of letters
  gardener | a basket of weeds
  carpenter | a pencil behind one ear
  fisherman | a bucket of silver fish
  shepherd | a long crook
  librarian | an armful of books
  blacksmith | a heavy hammer
  tailor | a mouth full of pins
  potter | clay up to the elbows
  beekeeper | a jar of honey
  miller | flour on both sleeves
  cobbler | a boot in one hand
  painter | spots of paint on both shoes
  clockmaker | a magnifying glass
  ferryman | a rope over one shoulder
  weaver | a ball of yarn
  florist | a bunch of tulips
  mechanic | an oily rag
  bus driver | a shiny whistle
  teacher | chalk on the fingers
  doctor | a black bag
  cook | a wooden spoon
  lighthouse keeper | a brass lamp
  farmer | a crate of carrots
  greengrocer | a pyramid of oranges
  chimney sweep | a round brush
  sailor | a parrot that never stopped talking
  basket maker | a bundle of willow
  street musician | an accordion
`);

/** What a child or an animal is like. */
export const traits: readonly Row[] = words(`
  curious, cheerful, careful, clever, gentle, quiet, lively, stubborn, friendly, thoughtful, bold, shy, patient, dreamy, busy,
  merry, polite, restless, kind, playful, serious, sleepy, brave, nimble, honest, generous, hopeful, impatient, forgetful,
  helpful, lonely, proud, sensible, talkative, tidy, untidy, mischievous, cautious, daring, inventive
`);

/** What somebody loves to do, after "loved to". */
export const hobbies: readonly Row[] = words(`
  draw maps of the garden
  count the stairs
  climb anything that had branches
  collect smooth stones
  listen to the rain
  whistle through a blade of grass
  read under the blankets
  invent new words
  watch the clouds change shape
  build bridges out of sticks
  dance when nobody looked
  ask questions
  name the stars
  splash in puddles
  feed the ducks
  hum old songs
  tell jokes to the cows
  make soup out of mud
  skip down the lane
  balance on walls
  fold boats from paper
  talk to snails
  sort buttons by colour
  hide in tall grass
  paint on pebbles
  wave at every train
  wear odd socks
  run faster than the wind
  listen to the bees
  press flowers between heavy books
  guess what was for supper
  roll down the hill
  walk backwards
  write letters to the moon
  look for four-leaved clovers
  tap rhythms on the table
  measure everything with a piece of string
  keep secrets
  sing to the chickens
  catch falling leaves
`);

/** What an animal loves to do, after "loved to". */
export const pawHobbies: readonly Row[] = words(`
  chase shadows, sniff at every flower, sleep in the sun, roll down the hill, collect smooth stones, count the clouds,
  listen to the rain, splash in puddles, jump over molehills, watch the moon, nibble at mushrooms, dig holes, tell riddles,
  hum old songs, race against the wind, hide in tall grass, sort nuts by size, climb anything that had branches,
  play tricks on the crows, catch falling leaves, look at the stars, dance in the dew, wake up late, invent new words
`);

/** Friends of animals that lead a story. */
export const pawNeighbours: readonly Row[] = rows(`
  old owl | a pair of spectacles
  stork | a very long beak full of reeds
  goose | a string of goslings
  wild boar | mud up to the ears
  grey donkey | a thistle between its teeth
  carp | moss on its back
  raven | a shiny spoon
  toad | a wart for every year
  ram | a bell around its neck
  old mole | earth on its nose
  stag | a spider web between its antlers
  heron | one leg in the water
  goat | half a newspaper in its mouth
  swan | a water lily on its head
`);
