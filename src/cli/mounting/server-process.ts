/**
 * Starts the process that serves a mount, and waits until it is ready, or until it ends. A process of its own, in the foreground too: its pool
 * of threads must be large enough from the start, since reads of /dev/fuse wait on some of them. In the background it has a session of its
 * own, and stderr only where that is a terminal, a file or nothing: a pipe would stay open as long as the mount.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { DisksealError } from '../../core/errors.ts';
import { READERS } from '../../mount/fuse/connection.ts';
import { onInterrupt } from '../terminal/interrupt.ts';
import type { Output } from '../terminal/output.ts';
import { READY, type ReadyMessage } from './server.ts';

/** Threads of libuv's pool for inflating and reading. */
const WORKING = Math.max(4, availableParallelism());

/** @returns the exit code: in the background when the folder is ready, else when it was unmounted */
export async function startServer(foreground: boolean, output: Output): Promise<number> {
  const [node, main, command, ...words] = process.argv as [string, string, string, ...string[]];
  const stderr = foreground || !isPipe(2) ? 'inherit' : 'pipe';
  const child = spawn(node, [...process.execArgv, main, command, '--serve', ...words], {
    detached: !foreground,
    stdio: ['ignore', 'pipe', stderr, 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: String(WORKING + READERS) },
  });
  // Before it is ready a signal is for both; afterwards, in the foreground, it is the server that unmounts.
  const giveUp = (): void => void child.kill();
  process.once('exit', giveUp);
  child.stderr?.on('data', (text: Buffer) => output.complain(text.toString()));
  const printed = collect(child.stdout!);
  const ended = endOf(child);
  const ready = await Promise.race([readyMessage(child), ended]);
  if (typeof ready === 'number') {
    process.off('exit', giveUp);
    // What it could not do it has said itself, on stderr and in the document.
    await output.bytes(await printed);
    return ready;
  }
  onInterrupt((signal) => void child.kill(signal));
  await output.document(ready.document);
  await output.line(ready.folder);
  if (foreground) return ended.finally(() => process.off('exit', giveUp));
  process.off('exit', giveUp);
  onInterrupt(undefined);
  for (const stream of [child.stdout, child.stderr, child.stdio[READY]]) stream?.destroy();
  child.unref();
  return 0;
}

function isPipe(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return true;
  }
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new DisksealError('E_INTERNAL', `internal error: the serving process cannot be started: ${cause.message}`, { cause })),
    );
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Never resolves when the process ends without being ready. */
function readyMessage(child: ChildProcess): Promise<ReadyMessage> {
  return new Promise((resolve) => {
    let text = '';
    const channel = child.stdio[READY] as NodeJS.ReadableStream;
    channel.on('error', () => undefined);
    channel.on('data', (piece: Buffer) => {
      text += piece.toString();
      if (text.endsWith('\n')) resolve(JSON.parse(text) as ReadyMessage);
    });
  });
}

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of stream) pieces.push(piece as Buffer);
  } catch {
    // Destroyed, when the process goes on alone.
  }
  return Buffer.concat(pieces);
}
