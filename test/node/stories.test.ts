import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordedStories, type Told, tell } from "../integration/stories/story.ts";
import { containerdNeeds, RealNodeBox } from "../support/containerd/index.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const stories = recordedStories().filter(({ story }) => story.startsWith("pod: "));

/** Apart, so that each has the machine for its start; after that they mostly wait. */
const betweenStartsMs = 500;
const patienceSeconds = 30;

/** All at the same time, each in a namespace of its own. */
describe.skipIf(reason !== undefined)(`stories of pods on a real containerd${reason ? ` (${reason})` : ""}`, () => {
  let box: RealNodeBox | undefined;
  const told = new Map<string, Promise<Told>>();

  const wait = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));

  beforeAll(async () => {
    box = await RealNodeBox.start();
    for (const [index, story] of stories.entries()) {
      const namespace = await box.namespace();
      const { client } = box;
      const telling = wait((index * betweenStartsMs) / 1000).then(() =>
        tell(story, { client, namespace, wait, patienceSeconds }),
      );
      telling.catch(() => undefined); // the story's own test tells
      told.set(story.story, telling);
    }
  });
  afterAll(async () => {
    await Promise.allSettled(told.values());
    await box?.stop();
  });

  for (const { story } of stories) {
    test(`as the original: ${story}`, async () => {
      const { looks, events } = (await told.get(story)) ?? { looks: [], events: { wanted: [], found: [] } };
      for (const { kind, wanted, found } of looks) expect(found, kind).toEqual(wanted);
      expect(events.found).toEqual(events.wanted);
    });
  }
});
