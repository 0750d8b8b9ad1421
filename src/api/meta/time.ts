let lastSecond = Number.NaN;
let lastText = "";

/** RFC 3339 with whole seconds: 2026-01-01T00:00:00Z. */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    // many objects are stamped within one second
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** RFC 3339 with microseconds: 2026-01-01T00:00:00.000000Z. */
export function formatMicroTime(ms: number): string {
  const micros = Math.floor((ms - Math.floor(ms / 1000) * 1000) * 1000);
  return `${formatTime(ms).slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
}

const rfc3339 = /^\d{4}-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?(Z|[+-]([01]\d|2[0-4]):([0-5]\d|60))$/;

/** Milliseconds since the epoch; throws an Error for what is not RFC 3339. */
export function parseTime(text: string): number {
  const ms = timeOrNaN(text);
  if (Number.isNaN(ms)) throw new Error(`${JSON.stringify(text)} is not an RFC 3339 time`);
  return ms;
}

export function isValidTime(text: string): boolean {
  return !Number.isNaN(timeOrNaN(text));
}

function timeOrNaN(text: string): number {
  const match = rfc3339.exec(text);
  if (match === null) return Number.NaN;
  const year = Number(text.slice(0, 4));
  // Date.parse moves 30 February into March, Go refuses it
  if (Number(match[2]) > daysInMonth(year, Number(match[1]))) return Number.NaN;
  const zone = match[5] ?? "Z";
  if (zone === "Z") return Date.parse(text.replace(",", "."));
  // Go takes zones of up to 24 hours and 60 minutes, Date.parse does not
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  const offset = minutes * 60_000 * (zone.startsWith("-") ? -1 : 1);
  return Date.parse(`${text.slice(0, -zone.length).replace(",", ".")}Z`) - offset;
}

function daysInMonth(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
