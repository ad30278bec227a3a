import { type Row, words } from "./table.js";

/** Good feelings. */
export const glad: readonly Row[] = words(`
  happy, glad, proud, delighted, cheerful, relieved, content, pleased, thankful, joyful, merry, excited, satisfied, overjoyed
`);

/** Bad feelings. */
export const sad: readonly Row[] = words(`
  sad, unhappy, disappointed, miserable, upset, gloomy, heavy-hearted, downcast, lonely, wretched
`);

/** Feelings when something is frightening. */
export const afraid: readonly Row[] = words("afraid, frightened, scared, nervous, worried, uneasy, anxious, alarmed");

/** Ways to do something with care. */
export const carefully: readonly Row[] = words(`
  carefully, slowly, patiently, attentively
`);

/** Ways to do something with force. */
export const quickly: readonly Row[] = words(`
  quickly, eagerly, bravely, boldly, suddenly, happily, noisily, hurriedly, cheerfully, breathlessly, immediately, proudly
`);

/** Ways to say something kind. */
export const kindly: readonly Row[] = words(`
  kindly, gently, warmly, softly, with a smile, with a wink, after a while, in a low voice, cheerfully, without laughing
`);

/** Ways to say something sad. */
export const sadly: readonly Row[] = words(`
  sadly, in a small voice, with a sniff, hardly above a whisper, with a trembling lip, after a long silence, with a sigh
`);

/** Numbers of things, and that number with two more. */
export const numbers: readonly Row[] = [
  ["three", "five", "seven"],
  ["four", "six", "eight"],
  ["five", "seven", "nine"],
  ["six", "eight", "ten"],
  ["seven", "nine", "eleven"],
  ["eight", "ten", "twelve"],
  ["nine", "eleven", "thirteen"],
  ["ten", "twelve", "fourteen"],
];

/** Things that are collected, one and several. */
export const collected: readonly Row[] = [
  ["shell", "shells"],
  ["chestnut", "chestnuts", "@autumn"],
  ["feather", "feathers"],
  ["pine cone", "pine cones"],
  ["pebble", "pebbles"],
  ["bottle top", "bottle tops"],
  ["stamp", "stamps"],
  ["acorn", "acorns", "@autumn"],
  ["button", "buttons"],
  ["red leaf", "red leaves", "@autumn"],
  ["marble", "marbles"],
  ["mushroom", "mushrooms", "@autumn"],
  ["blackberry", "blackberries", "@summer @autumn"],
  ["walnut", "walnuts", "@autumn"],
  ["snail shell", "snail shells"],
  ["ticket", "tickets"],
  ["coin", "coins"],
  ["postcard", "postcards"],
  ["glass bead", "glass beads"],
  ["magnet", "magnets"],
  ["key", "keys"],
];
