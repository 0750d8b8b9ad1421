import { describe, expect, it } from "vitest";
import { admissionPluginNames, chosenAdmissionPlugins, defaultAdmissionPlugins } from "./plugins.ts";

describe("the choice of admission plugins", () => {
  it("starts from the original's default set", () => {
    expect([...chosenAdmissionPlugins({})]).toEqual(defaultAdmissionPlugins);
    expect(defaultAdmissionPlugins).toHaveLength(27);
    for (const name of ["NodeRestriction", "EventRateLimit", "AlwaysPullImages", "AlwaysDeny"])
      expect(defaultAdmissionPlugins).not.toContain(name);
  });

  it("knows every name of the original", () => {
    expect(admissionPluginNames).toHaveLength(41);
  });

  it("adds and leaves out", () => {
    const chosen = chosenAdmissionPlugins({ enable: ["AlwaysPullImages"], disable: ["LimitRanger"] });
    expect(chosen.has("AlwaysPullImages")).toBe(true);
    expect(chosen.has("LimitRanger")).toBe(false);
  });

  it("refuses names that there are not, and contradictions", () => {
    expect(() => chosenAdmissionPlugins({ enable: ["Nope"] })).toThrow(
      'enable-admission-plugins plugin "Nope" is unknown',
    );
    expect(() => chosenAdmissionPlugins({ disable: ["Nope"] })).toThrow(
      'disable-admission-plugins plugin "Nope" is unknown',
    );
    expect(() => chosenAdmissionPlugins({ enable: ["LimitRanger"], disable: ["LimitRanger"] })).toThrow(
      "[LimitRanger] in enable-admission-plugins and disable-admission-plugins overlapped",
    );
    expect(() => chosenAdmissionPlugins({ enable: ["ImagePolicyWebhook"] })).toThrow("cannot be had");
  });
});
