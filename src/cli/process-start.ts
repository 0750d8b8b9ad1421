/** When this process began, ms since the epoch: the time to ready that users see counts loading the program, too. */
export function processStartMs(): number {
  return performance.timeOrigin;
}
