import type { List } from "./expand.js";
import * as feelings from "./feelings.js";
import * as nature from "./nature.js";
import * as people from "./people.js";
import * as places from "./places.js";
import type { Row } from "./table.js";
import * as things from "./things.js";

const list = (rows: readonly Row[], ...columns: readonly string[]): List => ({ rows, columns });

/** Every word list by the name that templates use, with the names of its columns. */
export const lists: { readonly [name: string]: List } = {
  neighbourChild: list(people.neighbours, "with"),
  neighbourPaw: list(people.pawNeighbours, "with"),
  trait: list(people.traits),
  hobby: list(people.hobbies),
  pawHobby: list(people.pawHobbies),
  paw: list(people.paws, "home"),
  creature: list(nature.creatures, "sound", "away", "food"),
  guest: list(nature.guests, "sound", "away", "food"),
  trap: list(nature.traps, "free"),
  weather: list(nature.weathers, "sky", "touch"),
  time: list(nature.times),
  weekday: list(nature.weekdays),
  dayPart: list([...nature.times, ...nature.weekdays]),
  month: list(nature.months),
  tree: list(nature.trees),
  flower: list(nature.flowers),
  bird: list(nature.birds),
  smell: list(nature.smells),
  sound: list(nature.sounds),
  dream: list(nature.dreams),
  crop: list(nature.crops, "grown", "used"),
  houseLook: list(places.houseLooks),
  house: list(places.houses),
  nearby: list(places.nearby),
  outdoor: list(places.outdoors, "bare"),
  hideout: list(places.hideouts, "how"),
  searched: list(places.searched),
  landmark: list(places.landmarks),
  market: list(places.markets),
  indoor: list(places.indoors),
  toy: list(things.toys, "did", "doing", "part", "broke", "mend"),
  colour: list(things.colours),
  condition: list(things.conditions),
  treasure: list(things.treasures, "note"),
  clothes: list(things.clothes),
  snack: list(things.snacks),
  dish: list(things.dishes, "first", "next", "missing"),
  instrument: list(things.instruments, "plays", "bad", "good"),
  handmade: list(things.handmade, "of", "work", "use"),
  building: list(things.buildings, "of", "fault", "mend", "good"),
  skill: list(things.skills, "failed", "advice", "worked"),
  fear: list(things.fears, "when", "like"),
  vase: list(things.vases),
  tea: list(things.teas),
  glad: list(feelings.glad),
  sad: list(feelings.sad),
  afraid: list(feelings.afraid),
  carefully: list(feelings.carefully),
  quickly: list(feelings.quickly),
  kindly: list(feelings.kindly),
  sadly: list(feelings.sadly),
  number: list(feelings.numbers, "more", "most"),
  collected: list(feelings.collected, "many"),
};
