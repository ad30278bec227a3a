import { entry } from "./core/entry.mjs";
import { project } from "./core/project.mjs";
import { dim, green, red, say } from "./core/screen.mjs";
import { INSTALLATION } from "./doctor/installation.mjs";
import { MACHINE } from "./doctor/machine.mjs";
import { examine, table } from "./doctor/row.mjs";
import { SOURCES } from "./doctor/sources.mjs";

const PAINT = { good: green, broken: red, absent: dim };

/** `npm run doctor`: everything the kit needs, what was found, and how to mend what is missing. Changes nothing. */
await entry(async () => {
  const looks = [...MACHINE, ...INSTALLATION, ...SOURCES];
  const rows = [];
  for (const [name, look] of looks) rows.push(await examine(name, () => look(project)));
  for (const line of table(rows, (state, text) => PAINT[state](text))) say(line);
  const missing = rows.filter(({ state }) => state === "broken").length;
  say();
  if (missing === 0) return say("Nothing essential is missing.");
  say(`${missing} essential ${missing === 1 ? "thing is" : "things are"} missing: follow the arrows, from the top.`);
  return 1;
});
