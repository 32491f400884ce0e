/** The verbs below `campaign`: how they are called. */
import type { Command } from "commander";
import { wholeNumber } from "../jobs/usage-error.ts";
import { JSON_OPTION, SEED_OPTION, UNUSED_SEED_OPTION } from "./options.ts";
import { run } from "./run-verb.ts";
import type { CampaignReportOptions, CampaignRunOptions, CampaignWorkerOptions } from "./verbs/campaign.ts";

const QUEUE_OPTION = [
  "--queue <address>",
  "the Redis or Valkey server of the campaign, such as redis://HOST:6379",
] as const;
const WORKERS_OPTION = [
  "--workers <number>",
  "processes that run tasks: one for each core unless given; with run --queue none unless given",
  wholeNumber("--workers", 0, 256),
] as const;
const TASK_SECONDS_OPTION = [
  "--task-seconds <number>",
  "the most that one task may take; 3600 unless given",
  wholeNumber("--task-seconds", 1, 2 ** 20),
] as const;

export function addCampaign(program: Command): void {
  const campaign = program
    .command("campaign")
    .description("many checks, hunts, explorations and comparisons by a plan, on this machine or on many");
  campaign
    .command("run")
    .description("runs a plan; results lie in .vmapcheck/campaigns, or on the server")
    .argument("[plan]", "PLAN.json (docs/campaigns.md)")
    .option("--preset <name>", "smoke, within a minute, or nightly, of everything")
    .option(...QUEUE_OPTION)
    .option(...WORKERS_OPTION)
    .option(...TASK_SECONDS_OPTION)
    .option(
      "--resume",
      "count the results that are there, and run what has none; otherwise they are put aside",
      false,
    )
    .option(...SEED_OPTION)
    .option(...JSON_OPTION)
    .action(
      run<string | undefined, CampaignRunOptions>(
        async () => (await import("./verbs/campaign.ts")).campaignRunVerb,
      ),
    );

  campaign
    .command("worker")
    .description(
      "runs tasks of a server's campaigns, and helps its explorations (explore --queue) one at a time with as many threads, until Ctrl-C",
    )
    .option(...QUEUE_OPTION)
    .option(...WORKERS_OPTION)
    .option(...TASK_SECONDS_OPTION)
    .option("--until-empty", "end once no task waits", false)
    .option(...UNUSED_SEED_OPTION)
    .option(...JSON_OPTION)
    .action(
      run<undefined, CampaignWorkerOptions>(
        async () => (await import("./verbs/campaign.ts")).campaignWorkerVerb,
      ),
    );

  campaign
    .command("status")
    .description("how far a campaign is, and what it found")
    .argument("<name>", "the name in its plan, or of its preset")
    .option(...QUEUE_OPTION)
    .option(...UNUSED_SEED_OPTION)
    .option(...JSON_OPTION)
    .action(
      run<string, CampaignReportOptions>(
        async () => (await import("./verbs/campaign.ts")).campaignStatusVerb,
      ),
    );

  campaign
    .command("report")
    .description("what a campaign found, for other tools")
    .argument("<name>", "the name in its plan, or of its preset")
    .option("--format <format>", "json, junit or sarif", "json")
    .option("--out <file>", "write to this file, not to standard output")
    .option("--html <file>", "also write a page there, with films of what was found, to be mailed")
    .option(...QUEUE_OPTION)
    .option(...UNUSED_SEED_OPTION)
    .option(...JSON_OPTION)
    .action(
      run<string, CampaignReportOptions>(
        async () => (await import("./verbs/campaign.ts")).campaignReportVerb,
      ),
    );
}
