#include <cstdlib>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "analysis/figures/report.h"
#include "base/array_file.h"
#include "client/command.h"
#include "client/pull_progress.h"
#include "client/write_report.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string subject;
  std::string out;
};

// A folder of results; gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "rnnfarm-report-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }  // empty if it could not be made

 private:
  std::string path_;
};

int FromFarm(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> sweep = SweepName(arguments.subject);
  if (!sweep.ok()) return program.Fail(sweep.status());
  const TemporaryFolder folder;
  if (folder.path().empty()) {
    return program.Fail(absl::FailedPreconditionError(
        absl::StrCat("no temporary folder can be made in ", fs::temp_directory_path().string())));
  }
  TakeInterruptsGracefully();
  const auto summary = PullAndTell(program, program.Connect(), *sweep, folder.path());
  if (!summary.ok()) return program.Fail(summary.status());
  const absl::Status written = WriteReport(folder.path(), arguments.out);
  return written.ok() ? kOk : program.Fail(written);
}

int Report(Program& program, const Arguments& arguments) {
  std::error_code failed;
  if (!fs::is_directory(arguments.subject, failed)) {
    const int code = FromFarm(program, arguments);
    if (code == kOk) program.terminal.out << arguments.out << std::endl;
    return code;
  }
  const absl::Status written = WriteReport(arguments.subject, arguments.out);
  if (!written.ok()) return program.Fail(written);
  program.terminal.out << arguments.out << std::endl;
  return kOk;
}

}  // namespace

absl::Status WriteReport(const std::string& results, const std::string& path) {
  const absl::StatusOr<std::string> page = figures::RenderReport(results);
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
      ->required();
  command->add_option("--out", arguments->out, "File to write")->capture_default_str();
}

}  // namespace rnnfarm::client
