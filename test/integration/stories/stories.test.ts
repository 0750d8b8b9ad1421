import { expect, test } from "vitest";
import { play, recordedStories } from "./story.ts";

/** Stories that end otherwise here, and why. */
const otherwise: Readonly<Record<string, string>> = {
  "service: endpoints and slices follow the pods": "the slice is written once less: pods start faster than there",
  "disruption budget": "its nginx ignores TERM, so that an evicted pod is still there",
  "pod: liveness probe fails": "its box lacks the program of the probe, which could not be run there",
  "pod: image of one container changes in place": "its nginx ignores TERM",
};

/** Kinds that are not compared in a story, and why: pods whose phase is set from outside are no kubelet's work. */
const notCompared: Readonly<Record<string, readonly string[]>> = {
  "job: pods finish": ["Pod"],
  "job: pods fail until the backoff limit": ["Pod"],
};

const stories = recordedStories();

for (const story of stories) {
  const reason = otherwise[story.story];
  test.skipIf(reason !== undefined)(`as the original: ${story.story}${reason ? ` (${reason})` : ""}`, async () => {
    const { looks, events } = await play(story);
    for (const { kind, wanted, found } of looks) {
      if (!notCompared[story.story]?.includes(kind)) expect(found, kind).toEqual(wanted);
    }
    expect(events.found).toEqual(events.wanted);
  });
}

test.skipIf(stories.length === 0)("every story of the list is recorded (skipped where the recording is absent)", () => {
  const names = stories.map(({ story }) => story);
  expect(Object.keys(otherwise).filter((name) => !names.includes(name))).toEqual([]);
});
