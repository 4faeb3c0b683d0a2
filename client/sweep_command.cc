#include <memory>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "base/job_counts.h"
#include "client/command.h"
#include "client/listing.h"
#include "client/preview.h"
#include "client/progress.h"
#include "client/ready_sweeps.h"
#include "client/search_rows.h"
#include "client/submit.h"
#include "client/sweep_file.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

struct FileArguments {
  std::string file;
  std::vector<std::string> set;
  bool dry_run = false, extend = false;
};

struct ShowArguments {
  std::string sweep;
  std::string format = "table";
};

void AddFile(CLI::App& command, FileArguments& arguments) {
  command.add_option("file", arguments.file, "Sweep file: .textproto or .json")
      ->type_name("FILE")
      ->required();
  command
      .add_option("--set", arguments.set,
                  "path=value: changes a field, such as training.iterations=500")
      ->type_name("PATH=VALUE")
      ->expected(1)
      ->take_all();
}

int Refuse(Program& program, const SweepFile& file) {
  program.Say(file.Describe());
  program.Say(absl::StrCat("rnnfarm: ", file.errors.size(),
                           file.errors.size() == 1 ? " error" : " errors",
                           "; nothing was created"));
  return kUsage;
}

int Init(Program& program, const std::string& name) {
  program.terminal.out << FindReadySweep(name)->text << std::flush;
  return kOk;
}

std::vector<std::string> ReadySweepNames() {
  std::vector<std::string> names;
  for (const ReadySweep& ready : ReadySweeps()) names.emplace_back(ready.name);
  return names;
}

void ShowPreview(Program& program, const v1::SweepSpec& spec, const std::string& preview) {
  program.PrintText(DescribePopulation(spec) + "\n");
  program.terminal.out << preview << std::flush;
}

int Validate(Program& program, const FileArguments& arguments) {
  const SweepFile file = ReadSweepFile(arguments.file, arguments.set);
  if (!file.errors.empty()) return Refuse(program, file);
  ShowPreview(program, file.spec, PreviewText(PreviewOf(file.spec), /*of_coordinator=*/false));
  program.Say("what it costs is known to a coordinator: `rnnfarm sweep submit FILE --dry-run`");
  return kOk;
}

int Submit(Program& program, const FileArguments& arguments) {
  const SweepFile file = ReadSweepFile(arguments.file, arguments.set);
  if (!file.errors.empty()) return Refuse(program, file);
  SubmitOptions options;
  options.validate_only = arguments.dry_run;
  options.extend = arguments.extend;
  const auto response = SubmitFile(program.Connect(), file, options);
  if (!response.ok()) return program.Fail(response.status());
  if (arguments.dry_run) {
    ShowPreview(program, file.spec, PreviewText(response->preview(), /*of_coordinator=*/true));
    program.Say("valid; nothing was submitted (--dry-run)");
    return kOk;
  }
  program.Say(DescribePopulation(file.spec));
  program.Say(
      response->already_existed()
          ? response->sweep().state() == v1::SWEEP_STATE_CANCELLED
                ? "the coordinator has this sweep already, and it was cancelled; to train it after "
                  "all, submit it under another name (--set name=...) or delete this one before"
                : "the coordinator has this sweep already; nothing changed"
          : absl::StrCat("submitted; follow it with `rnnfarm watch ", file.spec.name(), "`"));
  program.terminal.out << response->sweep().name() << std::endl;
  return kOk;
}

int List(Program& program, const ListingArguments& arguments) {
  Table table({{"name"},
               {"state", false, true},
               {"networks"},
               {"jobs"},
               {"ended"},
               {"failed"},
               {.name = "created", .gives_way = true},
               {"finished", true},
               {"spec_digest", true}});
  return PrintListing<v1::ListSweepsRequest, v1::ListSweepsResponse>(
      program, arguments, &Stub::ListSweeps, {}, table, [&](const v1::ListSweepsResponse& page) {
        for (const v1::Sweep& sweep : page.sweeps()) {
          const base::JobCounts counts = base::CountJobs(sweep);
          table.AddRow({LastSegment(sweep.name()), Word(sweep.state()), sweep.network_count(),
                        counts.jobs, counts.ended, counts.failed,
                        FormatTime(sweep.create_time().seconds()),
                        FormatTime(sweep.end_time().seconds()), sweep.spec_digest()});
        }
      });
}

void ShowSearchFailures(const v1::Sweep& sweep, std::ostream& out) {
  for (const v1::SearchFailure& failure : sweep.search_failures()) {
    out << "not trained  " << failure.networks() << "  " << failure.configuration() << ": "
        << failure.reason() << "\n";
  }
  const int64_t more = sweep.search_failure_count() - sweep.search_failures_size();
  if (more > 0) out << "not trained  " << more << " more configurations; see `sweep draws`\n";
}

int Draws(Program& program, const ListingArguments& arguments) {
  const absl::StatusOr<std::string> name = SweepName(arguments.sweep);
  if (!name.ok()) return program.Fail(name.status());
  const auto searched = SearchedConfigurations(program.Connect(), *name);
  if (!searched.ok()) return program.Fail(searched.status());
  const auto draws = SelectDraws(SearchTable(*searched), arguments);
  if (!draws.ok()) return program.Fail(draws.status());
  const int printed = Print(program, draws->table, arguments.format);
  SayHowMany(program, draws->shown);
  return printed;
}

int Show(Program& program, const ShowArguments& arguments) {
  const absl::StatusOr<std::string> name = SweepName(arguments.sweep);
  if (!name.ok()) return program.Fail(name.status());
  v1::GetSweepRequest request;
  request.set_name(*name);
  const auto response = program.Connect().Call(&Stub::GetSweep, request);
  if (!response.ok()) return program.Fail(response.status());
  const v1::Sweep& sweep = response->sweep();
  if (arguments.format != "table") {
    program.terminal.out << MessageJson(sweep, arguments.format == "jsonl") << std::flush;
    return kOk;
  }
  std::ostringstream out;
  out << CompactLine(sweep, "--:--:--") << "\n";
  for (const std::string& line : StageLines(sweep, program.terminal.OutWidth())) {
    out << line << "\n";
  }
  out << "networks     " << sweep.network_count() << "\n";
  for (const v1::ExcludedCells& cells : sweep.excluded()) {
    out << "left out     " << cells.networks() << "  " << cells.reason() << "\n";
  }
  ShowSearchFailures(sweep, out);
  out << "created      " << FormatTime(sweep.create_time().seconds()) << "\n";
  if (sweep.end_time().seconds() != 0) {
    out << "finished     " << FormatTime(sweep.end_time().seconds()) << "\n";
  }
  out << "spec digest  " << sweep.spec_digest() << "\n";
  program.PrintText(out.str());
  return kOk;
}

template <typename Request, typename Response>
int Change(Program& program, const std::string& sweep,
           grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  const absl::StatusOr<std::string> name = SweepName(sweep);
  if (!name.ok()) return program.Fail(name.status());
  Request request;
  request.set_name(*name);
  request.set_request_id(NewRequestId());
  const auto response = program.Connect().Call(method, request);
  if (!response.ok()) return program.Fail(response.status());
  program.Say(absl::StrCat(LastSegment(*name), " is ", Word(response->sweep().state())));
  return kOk;
}

template <typename Request, typename Response>
void AddChange(CLI::App& group, Program& program, const std::string& name,
               const std::string& description,
               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  auto sweep = std::make_shared<std::string>();
  AddCommand(group, program, name, description,
             absl::StrCat("rnnfarm sweep ", name, " universality-2019"),
             [&program, sweep, method] { return Change(program, *sweep, method); })
      ->add_option("sweep", *sweep, "Name of the sweep")
      ->type_name("SWEEP")
      ->required();
}

void AddFileCommands(CLI::App& group, Program& program) {
  auto ready = std::make_shared<std::string>();
  AddCommand(group, program, "init", "Print a ready sweep file: paper, laptop, quickstart, custom",
             "rnnfarm sweep init laptop > laptop.textproto",
             [&program, ready] { return Init(program, *ready); })
      ->add_option("name", *ready, "Which one")
      ->check(OneOf(ReadySweepNames()))
      ->type_name("NAME")
      ->required();

  auto validate = std::make_shared<FileArguments>();
  AddFile(
      *AddCommand(group, program, "validate", "Check a sweep file; prints its population and jobs",
                  "rnnfarm sweep validate sweep.textproto",
                  [&program, validate] { return Validate(program, *validate); }),
      *validate);

  auto submit = std::make_shared<FileArguments>();
  CLI::App* command =
      AddCommand(group, program, "submit",
                 "Give a sweep to the coordinator; the same one again changes nothing",
                 "rnnfarm sweep submit sweep.textproto --set seeds.count=10",
                 [&program, submit] { return Submit(program, *submit); });
  AddFile(*command, *submit);
  command->add_flag("--dry-run", submit->dry_run,
                    "Let the coordinator check it and tell what it costs; create nothing");
  command->add_flag("--extend", submit->extend, "Add the networks that are new to a known sweep");
}

}  // namespace

void AddSweepCommands(CLI::App& app, Program& program) {
  CLI::App* group =
      AddGroup(app, "sweep", "Sweep files and sweeps", "rnnfarm sweep validate sweep.textproto");
  AddFileCommands(*group, program);

  auto listing = std::make_shared<ListingArguments>();
  AddListingOptions(*AddCommand(*group, program, "list", "Sweeps, as many as --limit says",
                                "rnnfarm sweep list --state running --sort -created",
                                [&program, listing] { return List(program, *listing); }),
                    *listing, {SweepStateWords(), "failed>0 and networks>=100"});

  auto show = std::make_shared<ShowArguments>();
  CLI::App* command = AddCommand(*group, program, "show", "One sweep, stage by stage",
                                 "rnnfarm sweep show universality-2019 -o json",
                                 [&program, show] { return Show(program, *show); });
  command->add_option("sweep", show->sweep, "Name of the sweep")->type_name("SWEEP")->required();
  AddFormatOption(*command, show->format, "table|json|jsonl");

  auto draws = std::make_shared<ListingArguments>();
  draws->limit = 0;
  command = AddCommand(
      *group, program, "draws", "What each draw of a sweep's searches came to, a row a draw",
      "rnnfarm sweep draws universality-2019 --where 'units=64 and diverged=false' --sort loss",
      [&program, draws] { return Draws(program, *draws); });
  command->add_option("sweep", draws->sweep, "Name of the sweep")->type_name("SWEEP")->required();
  AddListingOptions(*command, *draws, {{}, "units=64 and diverged=false"});

  AddChange(*group, program, "cancel", "End a sweep; what is done stays", &Stub::CancelSweep);
  AddChange(*group, program, "pause", "Begin no more jobs of a sweep", &Stub::PauseSweep);
  AddChange(*group, program, "resume", "Go on with a paused sweep", &Stub::ResumeSweep);
  AddDeleteCommand(*group, program);
}

}  // namespace rnnfarm::client
