import { type ScorePlugin, scoreMax } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";

const megabyte = 1024 * 1024;
const leastBytes = 23 * megabyte;
const mostBytesPerContainer = 1000 * megabyte;

/** Prefers nodes that have the images already, less so when few nodes have them (spreads the heat). */
export const imageLocality: ScorePlugin = {
  name: "ImageLocality",
  prepareScore: (info, _feasible, cluster) => {
    const images = imagesOf(info);
    const shares = images.map((image) => cluster.nodesWithImage(image) / cluster.nodes().length);
    if (shares.every((share) => share === 0)) return undefined;
    const most = mostBytesPerContainer * images.length;
    return (node) => {
      let bytes = 0;
      for (const [i, image] of images.entries()) bytes += Math.floor((node.images.get(image) ?? 0) * (shares[i] ?? 0));
      const bounded = Math.min(Math.max(bytes, leastBytes), most);
      return Math.floor((scoreMax * (bounded - leastBytes)) / (most - leastBytes));
    };
  },
};

/** Names as nodes report them: with the tag that is meant when none is written. */
function imagesOf({ pod }: PodInfo): string[] {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.map(({ image = "" }) =>
    image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image,
  );
}
