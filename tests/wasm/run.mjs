// Runs a program built for wasm32-wasip1 under Node, as cargo's runner:
//
//   CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings $PWD/tests/wasm/run.mjs" \
//       cargo test --target wasm32-wasip1 ...
//
// The program sees the whole file system, as it would without the sandbox: tests read recordings by absolute paths.
// Its exit code is ours.
import { readFile } from "node:fs/promises";
import { argv, cwd, env } from "node:process";
import { WASI } from "node:wasi";

const [, , program, ...args] = argv;
const wasi = new WASI({
    version: "preview1",
    args: [program, ...args],
    env: { ...env, PWD: cwd() },
    preopens: { "/": "/" },
    returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);
