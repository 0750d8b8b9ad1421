import { join } from "node:path";

/** Where things are below the kubelet's folder (`/var/lib/kubelet` by default): the original's places, so that one may follow the other. */
export class VolumeLayout {
  readonly root: string;

  /** @param root with its symbolic links resolved: mounts are known by their real paths */
  constructor(root: string) {
    this.root = root;
  }

  get pods(): string {
    return join(this.root, "pods");
  }

  pod(uid: string): string {
    return join(this.pods, uid);
  }

  volumes(uid: string): string {
    return join(this.pod(uid), "volumes");
  }

  /** @param plugin `kubernetes.io/empty-dir` and so on */
  volume(uid: string, plugin: string, name: string): string {
    return join(this.volumes(uid), plugin.replace("/", "~"), name);
  }

  /** Links to the devices of a pod. */
  devices(uid: string, plugin: string): string {
    return join(this.pod(uid), "volumeDevices", plugin.replace("/", "~"));
  }

  subPaths(uid: string): string {
    return join(this.pod(uid), "volume-subpaths");
  }

  /** Where drivers' sockets announce themselves. */
  get pluginRegistry(): string {
    return join(this.root, "plugins_registry");
  }

  plugin(name: string): string {
    return join(this.root, "plugins", name);
  }
}
