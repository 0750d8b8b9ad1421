import type { Volume } from "../../../api/types/index.ts";
import { type MakeVolume, type SharedKinds, StepError, type VolumeRequest } from "../volume-kind.ts";
import { makeEmptyDir } from "./empty-dir.ts";
import { makeHostPath } from "./host-path.ts";
import { makeLocal } from "./local.ts";
import { makeNfs, refuseFibreChannel, refuseIscsi } from "./network.ts";

const makeImage: MakeVolume = async ({ volume }) => {
  return { path: "", readOnly: true, image: { image: volume.image?.reference ?? "" } };
};

/** Where the files of a volume come from, by the one source that it names. @throws Error for sources that are gone from Kubernetes */
export function kindOf(
  { volume, persistent, isBlock }: Pick<VolumeRequest, "volume" | "persistent" | "isBlock">,
  shared: SharedKinds,
): MakeVolume {
  const source: Partial<Volume> = persistent === undefined ? volume : {};
  const behind = persistent?.spec ?? {};
  if (source.emptyDir !== undefined) return makeEmptyDir;
  if (source.configMap ?? source.secret ?? source.downwardAPI ?? source.projected) return shared.projected;
  if (isBlock && behind.local === undefined && behind.csi === undefined) {
    return ({ specName }) => {
      const problem = new Error("no volume plugin matched that has block volumes");
      return Promise.reject(new StepError("FindMapperPluginBySpec", specName, problem, "MapVolume"));
    };
  }
  if (source.hostPath ?? behind.hostPath) return makeHostPath;
  if (behind.local !== undefined) return makeLocal;
  if (source.csi ?? behind.csi) return shared.csi;
  if (source.image !== undefined) return makeImage;
  if (source.nfs ?? behind.nfs) return makeNfs;
  if (source.iscsi ?? behind.iscsi) return refuseIscsi;
  if (source.fc ?? behind.fc) return refuseFibreChannel;
  return () => Promise.reject(new Error("no volume plugin matched"));
}
