// What the engine has besides the language itself. It has no `fetch`, no timers and no files: a plugin
// asks the host.

interface TextEncoder {
  encode(text?: string): Uint8Array;
}

declare var TextEncoder: { new (): TextEncoder };

interface TextDecoder {
  decode(bytes?: Uint8Array): string;
}

declare var TextDecoder: { new (label?: string, options?: { fatal?: boolean }): TextDecoder };
