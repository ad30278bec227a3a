export { type SplitQuery, splitTables, type Table, thereAre } from "./find.js";
export { type Columns, endingOf, type Row, readRows, rowEndings } from "./read.js";
