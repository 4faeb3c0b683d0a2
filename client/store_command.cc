// `rnnfarm store`: on the coordinator's machine, while no coordinator has the store open.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/command.h"
#include "coordinator/store/backup.h"
#include "coordinator/store/check.h"
#include "coordinator/store/store.h"

namespace rnnfarm::client {
namespace {

constexpr absl::Duration kBetweenWords = absl::Seconds(10);

store::Options OptionsOf(const std::string& folder) {
  store::Options options;
  options.path = folder;
  return options;
}

int PrintReport(Program& program, const store::CheckReport& report, const std::string& format) {
  Table table({{"records"},
               {"events"},
               {"answers"},
               {"artifacts"},
               {"artifact_bytes"},
               {"unfinished_uploads"},
               {"problems"}});
  table.AddRow({report.records, report.events, report.answers, report.artifacts,
                report.artifact_bytes, report.unfinished_uploads,
                static_cast<int64_t>(report.problems.size())});
  for (const std::string& problem : report.problems) program.Say(problem);
  const int printed = Print(program, table, format);
  return report.problems.empty() ? printed : kFailed;
}

int Check(Program& program, const std::string& folder, const std::string& format) {
  auto progress = [&program, told = absl::Now()](const store::CheckReport& so_far) mutable {
    if (absl::Now() - told < kBetweenWords) return;
    told = absl::Now();
    program.Say(absl::StrCat("read ", so_far.artifacts, " artifacts, ",
                             FormatBytes(so_far.artifact_bytes)));
  };
  const auto report = store::CheckStore(OptionsOf(folder), progress);
  if (!report.ok()) return program.Fail(report.status());
  return PrintReport(program, *report, format);
}

int Backup(Program& program, const std::string& folder, const std::string& to) {
  if (!store::HasStore(OptionsOf(folder))) {
    return program.Fail(absl::NotFoundError(absl::StrCat("there is no store in ", folder)));
  }
  program.Say(absl::StrCat("copying ", folder, " and reading the copy back"));
  auto opened = store::Store::Open(OptionsOf(folder));
  if (!opened.ok()) return program.Fail(opened.status());
  const absl::Status written = (*opened)->Backup(to);
  if (!written.ok()) return program.Fail(written);
  program.Say(absl::StrCat("wrote a backup to ", to));
  return kOk;
}

int Restore(Program& program, const std::string& from, const std::string& to) {
  program.Say(absl::StrCat("copying the newest backup in ", from, " and checking the copy"));
  const auto report = store::RestoreBackup(from, OptionsOf(to));
  if (!report.ok()) return program.Fail(report.status());
  program.Say(absl::StrCat("restored ", report->records, " records and ", report->artifacts,
                           " artifacts to ", to));
  return kOk;
}

}  // namespace

void AddStoreCommands(CLI::App& app, Program& program) {
  struct Arguments {
    std::string from, to;
    std::string format = "table";
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* group =
      AddGroup(app, "store", "The coordinator's folder of data, while no coordinator has it open",
               "rnnfarm store check /var/lib/rnnfarm/store");
  CLI::App* check = AddCommand(
      *group, program, "check",
      "Reads all of it and tells everything that is wrong; exit code 1 if anything is",
      "rnnfarm store check /var/lib/rnnfarm/store",
      [&program, arguments] { return Check(program, arguments->from, arguments->format); });
  check->add_option("folder", arguments->from, "What the coordinator has as --store")
      ->type_name("DIR")
      ->required();
  AddFormatOption(*check, arguments->format, "table|wide|json|jsonl|csv");
  CLI::App* backup = AddCommand(
      *group, program, "backup",
      "Adds a copy to a folder of backups, which share what did not change; a coordinator that "
      "runs does so itself with --backup",
      "rnnfarm store backup /var/lib/rnnfarm/store /backup/rnnfarm",
      [&program, arguments] { return Backup(program, arguments->from, arguments->to); });
  backup->add_option("folder", arguments->from, "What the coordinator has as --store")
      ->type_name("DIR")
      ->required();
  backup->add_option("to", arguments->to, "The folder of backups; made if it is not there")
      ->type_name("DIR")
      ->required();
  CLI::App* restore = AddCommand(
      *group, program, "restore", "Makes a store from the newest backup in a folder and checks it",
      "rnnfarm store restore /backup/rnnfarm /var/lib/rnnfarm/store",
      [&program, arguments] { return Restore(program, arguments->from, arguments->to); });
  restore->add_option("from", arguments->from, "The folder of backups")
      ->type_name("DIR")
      ->required();
  restore->add_option("to", arguments->to, "The new store: an empty folder, or none yet")
      ->type_name("DIR")
      ->required();
}

}  // namespace rnnfarm::client
