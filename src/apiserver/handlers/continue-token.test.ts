import { describe, expect, it } from "vitest";
import { decodeContinue, encodeContinue } from "./continue-token.ts";

const prefix = "/registry/pods/";

describe("a continue token", () => {
  it("names where the list goes on, and in which revision", () => {
    const token = encodeContinue(prefix, "/registry/pods/default/a", 7);
    expect(decodeContinue(prefix, token)).toEqual({ revision: 7, afterKey: "/registry/pods/default/a" });
  });

  it("may leave the revision open", () => {
    const token = encodeContinue(prefix, "/registry/pods/default/a", undefined);
    expect(decodeContinue(prefix, token).revision).toBeUndefined();
  });

  it("that was made up is refused", () => {
    for (const text of ["garbage", "###", "e30", Buffer.from('{"v":"x"}').toString("base64url")]) {
      expect(() => decodeContinue(prefix, text)).toThrow("invalid continue token: continue key is not valid: ");
    }
  });

  it("cannot leave its collection", () => {
    const text = JSON.stringify({ v: "meta.k8s.io/v1", rv: 1, start: "../secrets/x" });
    expect(() => decodeContinue(prefix, Buffer.from(text).toString("base64url"))).toThrow("invalid continue token");
  });
});
