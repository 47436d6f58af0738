// Writes a large playable video: the demo's video with its index (`moov`) moved to the end, as cameras write it, and
// padding after its frames. The offsets of the frames don't change, so the index stays valid.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

export function writeLargeVideo(source, target, size) {
  const video = readFileSync(source);
  const boxes = [];
  for (let at = 0; at < video.length; at += boxes.at(-1).length) {
    boxes.push({ at, length: video.readUInt32BE(at), type: video.toString("latin1", at + 4, at + 8) });
  }
  const index = boxes.find((box) => box.type === "moov");
  const frames = boxes.find((box) => box.type === "mdat");
  const moov = Buffer.from(video.subarray(index.at, index.at + index.length));
  video.write("free", index.at + 4, "latin1");
  video.writeUInt32BE(size - moov.length - frames.at, frames.at);

  const file = openSync(target, "w");
  writeSync(file, video, 0, frames.at + frames.length, 0);
  ftruncateSync(file, size - moov.length);
  writeSync(file, moov, 0, moov.length, size - moov.length);
  closeSync(file);
}
