export declare function fnv32a(data: string | Uint8Array): number;
export declare function fnv64a(data: string | Uint8Array): bigint;
/** Replaces every character by one of the alphabet without vowels and look-alikes. */
export declare function safeEncode(text: string): string;
