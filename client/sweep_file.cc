#include "client/sweep_file.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/array_file.h"
#include "base/digest.h"
#include "coordinator/population/population.h"

namespace rnnfarm::client {
namespace {

// Of the field or of the nearest message around it that the file does have.
Position PositionOf(const ParsedSweep& parsed, std::string field) {
  while (!field.empty()) {
    const auto found = parsed.where.find(field);
    if (found != parsed.where.end()) return found->second;
    const size_t cut = field.find_last_of(".[");
    if (cut == std::string::npos) break;
    field.resize(cut);
  }
  return {};
}

// Whether an error that was reported already is why `field` is not there.
bool IsExplained(const ParsedSweep& parsed, const std::string& field) {
  if (parsed.where.count(field) > 0) return false;
  const size_t dot = field.rfind('.');
  std::string last = dot == std::string::npos ? field : field.substr(dot + 1);
  last = last.substr(0, last.find('['));
  return parsed.explained.count(last) > 0;
}

// Fills in the digest of a file that the sweep names; its bytes, or nothing where it was reported.
std::optional<std::string> Attach(const std::string& path, const std::string& field,
                                  SweepFile& file, const ParsedSweep& parsed, std::string* digest) {
  if (path.empty()) return std::nullopt;  // Validate names it
  std::filesystem::path where(path);
  if (where.is_relative()) where = std::filesystem::path(file.source).parent_path() / where;
  const absl::StatusOr<std::string> bytes = base::ReadFile(where.string());
  if (!bytes.ok()) {
    file.errors.push_back({PositionOf(parsed, field), std::string(bytes.status().message())});
    return std::nullopt;
  }
  *digest = base::DigestOf(*bytes);
  file.attachments[*digest] = where.string();
  return *bytes;
}

// Whether the file holds a network of the import's cell, or a recording, and of how many units.
// What else is wrong with it is Validate's.
void ReadImport(const std::string& bytes, const v1::SweepSpec& resolved, const std::string& field,
                v1::Import& import, SweepFile& file, const ParsedSweep& parsed) {
  const std::vector<std::string>& known = population::ImportArchitectureNames();
  if (std::find(known.begin(), known.end(), import.architecture()) == known.end()) return;
  int inputs = 0;
  for (const v1::Task& task : resolved.task()) {
    if (task.name() == import.task() || (import.task().empty() && resolved.task_size() == 1)) {
      inputs = population::TaskInputs(task);
    }
  }
  const auto units = population::ReadImportUnits(bytes, import, inputs);
  if (units.ok()) {
    import.set_units(*units);
  } else {
    file.errors.push_back({PositionOf(parsed, field), std::string(units.status().message())});
  }
}

void AttachAll(SweepFile& file, const ParsedSweep& parsed) {
  for (int i = 0; i < file.spec.task_size(); ++i) {
    v1::Task& task = *file.spec.mutable_task(i);
    if (!task.has_dataset()) continue;
    Attach(task.dataset().path(), absl::StrCat("task[", i, "].dataset.path"), file, parsed,
           task.mutable_dataset()->mutable_digest());
  }
  const v1::SweepSpec resolved = population::WithDefaults(file.spec);
  for (int i = 0; i < file.spec.import_size(); ++i) {
    v1::Import& import = *file.spec.mutable_import(i);
    const std::string field = absl::StrCat("import[", i, "].path");
    const auto bytes = Attach(import.path(), field, file, parsed, import.mutable_digest());
    if (bytes) ReadImport(*bytes, resolved, field, import, file, parsed);
  }
}

void Check(ParsedSweep parsed, const std::vector<std::string>& settings, SweepFile& file) {
  file.spec = std::move(parsed.spec);
  file.errors = std::move(parsed.errors);
  if (!parsed.complete) return;
  for (const std::string& setting : settings) {
    const absl::Status set = SetField(setting, file.spec);
    if (!set.ok()) file.errors.push_back({{.line = 0}, std::string(set.message())});
  }
  AttachAll(file, parsed);
  for (const population::Violation& violation : population::Validate(file.spec)) {
    if (IsExplained(parsed, violation.field)) continue;
    const Position at = PositionOf(parsed, violation.field);
    // A file that could not be read has no digest; one sentence about it is enough.
    const bool repeated =
        std::any_of(file.errors.begin(), file.errors.end(), [&](const Diagnostic& known) {
          return absl::EndsWith(violation.field, ".digest") && !(known.at < at) && !(at < known.at);
        });
    if (!repeated) {
      file.errors.push_back({at, absl::StrCat(violation.field, ": ", violation.message)});
    }
  }
}

}  // namespace

std::string SweepFile::Describe() const {
  std::string out;
  for (const Diagnostic& error : errors) {
    absl::StrAppend(&out, source, ": ");
    if (error.at.line > 0) {
      out.pop_back();
      absl::StrAppend(&out, error.at.line, ":", error.at.column, ": ");
    }
    absl::StrAppend(&out, error.message, "\n");
  }
  return out;
}

SweepFile ParseSweep(absl::string_view text, const std::string& source,
                     const std::vector<std::string>& settings) {
  SweepFile file;
  file.source = source;
  const bool json = absl::EndsWithIgnoreCase(source, ".json");
  Check(json ? ParseSweepJson(text) : ParseSweepText(text), settings, file);
  std::stable_sort(file.errors.begin(), file.errors.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
  return file;
}

SweepFile ReadSweepFile(const std::string& path, const std::vector<std::string>& settings) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  SweepFile file;
  file.source = path;
  if (!failed && size > static_cast<uintmax_t>(kMaxSweepFileBytes)) {
    file.errors.push_back(
        {{},
         absl::StrCat("the file has ", size, " bytes, a sweep has at most ", kMaxSweepFileBytes)});
    return file;
  }
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    const absl::string_view message = text.status().message();
    file.errors.push_back({{}, std::string(absl::StripPrefix(message, path + ": "))});
    return file;
  }
  return ParseSweep(*text, path, settings);
}

}  // namespace rnnfarm::client
