/** WebAssembly in Node: its types are in TypeScript's library for browsers, which is not used here. */

/** A compiled module, of which only the imports are read. */
export interface WasmModule {
  readonly __module?: never;
}

interface Api {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): readonly { readonly name: string }[];
  };
  readonly Instance: {
    new (
      module: WasmModule,
      imports: Readonly<Record<string, Readonly<Record<string, () => never>>>>,
    ): { readonly exports: unknown };
  };
  readonly RuntimeError: { new (says: string): Error };
}

export const WASM: Api = (globalThis as unknown as { readonly WebAssembly: Api }).WebAssembly;
