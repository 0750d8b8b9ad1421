// Images made on the spot: no registry is needed. The box is a shell with a handful of tools from busybox; pause is this
// project's own.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TarEntry, tar } from "./tar.ts";

export interface ImageSpec {
  /** All its names, each whole: `docker.io/library/busybox:latest`. */
  readonly names: readonly string[];
  readonly files: readonly TarEntry[];
  readonly command: readonly string[];
  readonly entrypoint?: readonly string[];
  /** `1000`, `1000:1000` or a name. */
  readonly user?: string;
}

export const pauseImage = "registry.k8s.io/pause:3.10.1";
export const boxImage = "docker.io/library/busybox:latest";

const busyboxPath = "/usr/bin/busybox";
/** The recorded stories' box has no `false`: a probe that names it cannot be run. */
const applets =
  "[ ash awk basename cat chmod chown cp cut date dd df dirname du echo env expr find grep head hostname httpd id ip kill ln ls md5sum mkdir mkfifo mknod mount mv nc netstat nslookup ping printf ps pwd readlink rm rmdir sed seq setsid sh sha256sum sleep sort stat stty sync tail tar tee test time timeout top touch tr true truncate tty umount uname vi wc wget which whoami xargs".split(
    " ",
  );

let box: readonly TarEntry[] | undefined;
function boxFiles(): readonly TarEntry[] {
  box ??= [
    ...["bin", "etc", "tmp", "root", "var", "home"].map((path) => ({ path, mode: path === "tmp" ? 0o1777 : 0o755 })),
    { path: "bin/busybox", content: readFileSync(busyboxPath), mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTo: "busybox" })),
    { path: "etc/passwd", content: Buffer.from("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n") },
    { path: "etc/group", content: Buffer.from("root:x:0:\nuser:x:1000:\nextra:x:3000:user\n") },
  ];
  return box;
}

const shortNames = ["alpine", "redis", "httpd", "perl"];

/** The images that tests and the recorded stories name; nginx does nothing, as in the recording. */
export function usualImages(): readonly ImageSpec[] {
  const files = boxFiles();
  return [
    {
      names: [pauseImage],
      files: [{ path: "pause", content: pauseProgram(), mode: 0o755 }],
      command: ["/pause"],
      user: "65535:65535",
    },
    { names: [boxImage], files, command: ["sh"] },
    ...["1.27", "1.28", "latest"].map((tag) => ({
      names: [`docker.io/library/nginx:${tag}`],
      files: [...files, { path: "etc/version", content: Buffer.from(tag) }],
      command: ["sleep", "1000000"],
    })),
    { names: ["docker.io/library/web:1"], files, command: ["httpd", "-f", "-p", "80", "-h", "/etc"] },
    { names: ["docker.io/library/entry:1"], files, entrypoint: ["echo", "a"], command: ["default"] },
    { names: ["docker.io/library/user-number:1"], files, command: ["sleep", "1000000"], user: "1000" },
    { names: ["docker.io/library/user-name:1"], files, command: ["sleep", "1000000"], user: "user" },
    ...shortNames.map((name) => ({
      names: [`docker.io/library/${name}:latest`],
      files,
      command: ["sleep", "1000000"],
    })),
  ];
}

let pause: Buffer | undefined;
/** The pause program, compiled as it is for releases. */
export function pauseProgram(): Buffer {
  if (pause !== undefined) return pause;
  const folder = mkdtempSync(join(tmpdir(), "sampan-pause-"));
  try {
    const source = fileURLToPath(new URL("../../../runtime-images/pause/pause.c", import.meta.url));
    const program = join(folder, "pause");
    execFileSync("gcc", ["-Os", "-static", "-s", "-Wall", "-Wextra", "-Werror", "-o", program, source]);
    pause = readFileSync(program);
    return pause;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An OCI archive of images, as `ctr images import` takes it. */
export function ociArchive(images: readonly ImageSpec[]): Buffer {
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer) => {
    const hex = createHash("sha256").update(content).digest("hex");
    blobs.set(hex, content);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const json = (mediaType: string, value: object) => add(mediaType, Buffer.from(JSON.stringify(value)));
  const manifests = images.flatMap(({ names, files, command, entrypoint, user }) => {
    const layer = add("application/vnd.oci.image.layer.v1.tar", tar(files));
    const config = json("application/vnd.oci.image.config.v1+json", {
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: {
        Cmd: command,
        Env: ["PATH=/bin"],
        ...(user === undefined ? {} : { User: user }),
        ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
      },
      rootfs: { type: "layers", diff_ids: [layer.digest] },
      history: [],
    });
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = json(mediaType, { schemaVersion: 2, mediaType, config, layers: [layer] });
    return names.map((name) => ({ ...manifest, annotations: { "io.containerd.image.name": name } }));
  });
  return tar([
    { path: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { path: "index.json", content: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })) },
    ...[...blobs].map(([hex, content]) => ({ path: `blobs/sha256/${hex}`, content })),
  ]);
}
