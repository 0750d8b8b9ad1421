/** Go's duration text in milliseconds (fractions for units below); throws an Error with Go's message. */
export declare function parseDuration(text: string): number;
export declare function formatDuration(ms: number): string;
/** The short form of tables: 5s, 2m3s, 3h, 5d12h. */
export declare function humanDuration(ms: number): string;
