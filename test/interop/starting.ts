/** Starts a machine from an image and waits for what its loader says on the serial port; the machine is ended then, and in any case. */
import { spawn } from 'node:child_process';

export const FIRMWARE = '/usr/share/OVMF/OVMF_CODE.fd';

export type Firmware = 'uefi' | 'bios';

const MACHINES: Record<Firmware, readonly string[]> = {
  uefi: ['-machine', 'q35', '-m', '256', '-display', 'none', '-serial', 'stdio', ...pflash()],
  // Without a display the BIOS writes to the serial port what it and the loader show.
  bios: ['-machine', 'pc', '-m', '64', '-nographic'],
};

function pflash(): readonly string[] {
  return ['-drive', `if=pflash,format=raw,readonly=on,file=${FIRMWARE}`];
}

/** Emulated on purpose, so that a machine without KVM sees the same. A start takes ten seconds where nothing else runs. */
const TIME_LIMIT = 240_000;

/**
 * @returns what the serial port said, up to and with the line that was waited for; or up to the time limit
 */
export function startedFrom(image: string, as: 'cd' | 'disk', firmware: Firmware, awaited: RegExp): Promise<string> {
  const medium = as === 'cd' ? ['-cdrom', image] : ['-drive', `format=raw,snapshot=on,file=${image}`];
  const args = [...MACHINES[firmware], '-accel', 'tcg', '-nic', 'none', '-no-reboot', '-boot', 'order=dc', ...medium];
  return new Promise((resolve, reject) => {
    const machine = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: TIME_LIMIT, killSignal: 'SIGKILL' });
    let said = '';
    machine.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
      if (awaited.test(said)) machine.kill('SIGKILL');
    });
    machine.on('error', reject);
    machine.on('close', () => resolve(said));
  });
}
