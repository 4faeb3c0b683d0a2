#include <memory>

#include "base/memory_size.h"
#include "client/command.h"
#include "client/computing.h"
#include "client/pull_progress.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

int Run(Program& program, const RunArguments& arguments) {
  const absl::Status reached = program.computing.reach();
  return reached.ok() ? program.computing.run(program, arguments) : program.Fail(reached);
}

}  // namespace

void AddRunCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = AddCommand(
      app, program, "run",
      "Do a whole sweep on this machine: results and report in a folder; run again, it goes on",
      "rnnfarm run laptop.textproto --out results/laptop",
      [&program, arguments] { return Run(program, *arguments); });
  command->add_option("sweep", arguments->file, "Sweep file: .textproto or .json")
      ->type_name("FILE")
      ->required();
  command->add_option("--out", arguments->out, "Folder for results and report")
      ->type_name("DIR")
      ->required();
  command->add_option("--threads", arguments->threads, "Networks side by side; 0: all processors")
      ->check(Between(0, 4096))
      ->capture_default_str();
  command
      ->add_option("--engine", arguments->engine,
                   "Engine that trains; auto: cuda where a device is usable, else cpu")
      ->check(OneOf({"cpu", "reference", "cuda", "auto"}))
      ->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--memory",
          [arguments](const std::string& text) {
            const auto bytes = base::ParseMemory(text);
            if (!bytes.ok())
              throw CLI::ValidationError("--memory", std::string(bytes.status().message()));
            arguments->memory_bytes = *bytes;
          },
          "What training may take, on each device, such as 4GiB: fewer networks side by side "
          "rather than more")
      ->type_name("SIZE");
  command->add_option("--set", arguments->set, "path=value: changes a field of the sweep")
      ->type_name("PATH=VALUE")
      ->expected(1)
      ->take_all();
  AddPullFormats(*command, arguments->formats);
  command->add_flag("--retry-failed", arguments->retry_failed, "Try failed jobs again");
  command->add_flag("--extend", arguments->extend,
                    "Add the networks that the file has more than the folder");
  command
      ->add_option("--interval", arguments->interval_seconds,
                   "Seconds between two lines where the output is no terminal")
      ->check(Between(0.05, 1e6))
      ->capture_default_str();
}

}  // namespace rnnfarm::client
