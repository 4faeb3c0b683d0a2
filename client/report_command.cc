#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "analysis/figures/matrix_image.h"
#include "analysis/figures/report.h"
#include "base/array_file.h"
#include "client/command.h"
#include "client/pull_progress.h"
#include "client/temporary_folder.h"
#include "client/write_report.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string subject;
  std::string out;
  std::string figures;  // empty: none are written
};

// Of the folder `results`.
int Draw(Program& program, const Arguments& arguments, const std::string& results) {
  absl::Status written = WriteReport(results, arguments.out);
  if (written.ok() && !arguments.figures.empty()) {
    written = figures::WriteMatrixImages(results, arguments.figures).status();
  }
  if (!written.ok()) return program.Fail(written);
  program.terminal.out << arguments.out << std::endl;
  if (arguments.figures.empty()) return kOk;
  program.Say(
      absl::StrCat("the distances in full are in ", arguments.figures,
                   "; figures.py, which `rnnfarm pull` brings with the results, draws every "
                   "figure by matplotlib"));
  return kOk;
}

int FromFarm(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> sweep = SweepName(arguments.subject);
  if (!sweep.ok()) return program.Fail(sweep.status());
  const TemporaryFolder folder;
  if (folder.path().empty()) return program.Fail(folder.NotMade());
  TakeInterruptsGracefully();
  const auto summary = PullAndTell(program, program.Connect(), *sweep, folder.path());
  if (!summary.ok()) return program.Fail(summary.status());
  return Draw(program, arguments, folder.path());
}

int Report(Program& program, const Arguments& arguments) {
  std::error_code failed;
  if (!fs::is_directory(arguments.subject, failed)) return FromFarm(program, arguments);
  return Draw(program, arguments, arguments.subject);
}

}  // namespace

absl::Status WriteReport(const std::string& results, const std::string& path,
                         const figures::LiveState& live) {
  const absl::StatusOr<std::string> page = figures::RenderReport(results, live);
  if (!page.ok()) return page.status();
  std::error_code ignored;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, ignored);
  return base::WriteFile(path, *page);
}

void AddReportCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  arguments->out = "report.html";
  CLI::App* command = AddCommand(app, program, "report",
                                 "Draw the report of a sweep or of a folder of pulled results",
                                 "rnnfarm report results/universality --out universality.html",
                                 [&program, arguments] { return Report(program, *arguments); });
  command->add_option("subject", arguments->subject, "Folder of results, or name of a sweep")
      ->type_name("SWEEP|DIR")
      ->required();
  command->add_option("--out", arguments->out, "File to write")
      ->type_name("FILE")
      ->capture_default_str();
  command
      ->add_option("--figures", arguments->figures,
                   "Write each matrix of distances in full as a PNG into this folder")
      ->type_name("DIR");
}

}  // namespace rnnfarm::client
