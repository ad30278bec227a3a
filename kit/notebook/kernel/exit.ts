/** The real `process.exit`, taken before cells are kept from calling it. */
export const exit: (code: number) => never = process.exit.bind(process);
