import { type Row, rows, words } from "./table.js";

/** What a house is like. */
export const houseLooks: readonly Row[] = words(`
  crooked, narrow, yellow, white, blue, tall, tiny, old, wooden, brick, stone, cosy, noisy, draughty, pink, green, pointed,
  cheerful, shady, ivy-covered
`);

/** What people live in. */
export const houses: readonly Row[] = words(`
  house, cottage, flat, farmhouse, mill, houseboat, tower, cabin, lodge, attic, bungalow, caravan
`);

/** Where a house stands. */
export const nearby: readonly Row[] = words(`
  near the harbour, beside the railway, at the edge of the forest, on the market square, behind the school, above the bakery,
  at the foot of the mountain, by the lake, at the end of a long lane, across from the library, next to the windmill,
  on the sunny side of the valley, between two canals, under the castle, opposite the fire station, on top of a hill,
  close to the lighthouse, beyond the vineyard, on an island in the river, in the middle of the town, beside the old bridge,
  around the corner from the museum, far out on the moor, behind the sand dunes, beside the football ground
`);

/** Places to be outdoors: with a preposition, then the bare name. */
export const outdoors: readonly Row[] = rows(`
  in the meadow | meadow
  on the beach | beach
  in the forest | forest
  in the orchard | orchard
  by the pond | pond
  on the hill | hill
  in the park | park
  on the river bank | river bank
  in the garden | garden
  in the old quarry | quarry
  on the village green | village green
  by the canal | canal
  in the vineyard | vineyard
  at the playground | playground
  on the heath | heath
  along the stream | stream
  in the field | field
  by the harbour wall | harbour wall
  in the courtyard | courtyard
  at the edge of the marsh | marsh
`);

/** Where something lost may turn up, and how it got there. */
export const hideouts: readonly Row[] = rows(`
  under the garden bench | it must have rolled there
  behind the rain barrel | it must have slipped down there
  in the branches of the pear tree | the wind must have carried it there
  inside a rubber boot | it must have fallen in
  on the roof of the hen house | somebody must have thrown it too high
  between the cushions of the armchair | it must have slid down there
  at the bottom of the laundry basket | it must have gone in with the towels
  in the middle of the hedge | the dog must have dragged it there
  under a heap of leaves | the leaves must have covered it in the night | @autumn
  behind the piano | it must have dropped from the shelf
  in the wheelbarrow | somebody must have tidied it away
  on the window sill of the school | someone kind must have put it there
  beside the well | it must have been left there at noon
  in the baker's van | it must have travelled through the whole town
  under the stairs | it must have bounced down, step by step
  in the doghouse | the puppy must have wanted it for company
  inside the umbrella stand | it must have tumbled in head first
  in a crow's nest | the crow must have liked its colour
  among the flower pots | it must have stood there all along
  in the boat shed | it must have come back with the oars
  behind the curtain | it must have been hidden in a game
  in the hay loft | the kittens must have played with it
  under the bridge | the stream must have washed it there
  on top of the wardrobe | somebody tall must have put it there
`);

/** Places one looks into in vain. */
export const searched: readonly Row[] = words(`
  under the bed, behind the door, in the kitchen, on the stairs, in the bath, behind the sofa, in the toy chest,
  under the table, in the shed, on the balcony, in the cellar, between the books, under the carpet, in the bread bin,
  behind the stove, in the cupboard, on the porch, in the laundry, under the pillow, in the garage, beside the letter box,
  in the sandpit, on the swing, behind the compost heap, under the blanket
`);

/** Landmarks of a walk or a map. */
export const landmarks: readonly Row[] = words(`
  the split rock, the stone lion, the crooked signpost, the hollow tree, the broken fountain, the red gate, the wooden bridge,
  the milestone, the abandoned tram, the blue bench, the scarecrow, the weathercock, the round tower, the rusty anchor,
  the three birches, the stepping stones, the tunnel, the old cannon, the lonely lamp post, the mossy wall, the mill wheel,
  the telephone box, the sundial, the dry well, the painted post, the clock tower
`);

/** Where one buys things. */
export const markets: readonly Row[] = words(`
  market, fair, corner shop, flea market, harbour market, school bazaar, summer fair, junk shop, toy shop, bakery
`);

/** Rooms and other places indoors. */
export const indoors: readonly Row[] = words(`
  in the kitchen, in the attic, on the stairs, by the fireplace, under the table, in the hall, in the workshop, at the window,
  on the landing, in the pantry, in the cellar, beside the stove, in the greenhouse, in the barn, on the veranda, in the library
`);
