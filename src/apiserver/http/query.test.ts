import { expect, it } from "vitest";
import { asksToWatch, parseOptions, parseQuery } from "./query.ts";

const options = (text: string) => parseOptions(parseQuery(text));

it("reads options of every type", () => {
  const text = "labelSelector=a%3Db,c+in+(d)&limit=-1&watch=1&allowWatchBookmarks=true&force=0&dryRun=All&unknown=x";
  expect(options(text)).toEqual({
    labelSelector: "a=b,c in (d)",
    limit: -1,
    allowWatchBookmarks: true,
    force: false,
    dryRun: ["All"],
  });
});

it("takes a watch without a value as one", () => {
  expect(asksToWatch(parseQuery("watch"))).toBe(true);
  expect(asksToWatch(parseQuery("watch=true"))).toBe(true);
  expect(asksToWatch(parseQuery("watch=False"))).toBe(false);
  expect(asksToWatch(parseQuery("watch=0"))).toBe(false);
  expect(asksToWatch(parseQuery(""))).toBe(false);
});

it("leaves out what cannot be decoded", () => {
  expect(parseQuery("a=%zz&b=1&&c").size).toBe(2);
});

it("refuses what is no number in the original's words", () => {
  expect(() => options("limit=x")).toThrow('strconv.ParseInt: parsing "x": invalid syntax');
  expect(() => options("timeoutSeconds=")).toThrow('strconv.ParseInt: parsing "": invalid syntax');
  expect(() => options("limit=99999999999999999999")).toThrow("value out of range");
});
