/** Loaded before a worker: its clock is wrong by this many milliseconds. */
const { now } = Date;
const offset = Number(process.env.VMAPCHECK_TEST_CLOCK);
Date.now = () => now() + offset;
