#include "client/completion.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/command.h"
#include "client/global_options.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

// More than one value, so that the words that follow belong to it too.
bool TakesMany(const CLI::Option& option) { return option.get_items_expected_max() > 1; }
bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string LongestName(const CLI::Option& option) {
  if (!option.get_lnames().empty()) return "--" + option.get_lnames().front();
  return "-" + option.get_snames().front();
}

// "--name", "--name=value", "-n" or "-nvalue".
const CLI::Option* FindOption(const CLI::App* command, const std::string& word) {
  const bool is_long = absl::StartsWith(word, "--");
  const std::string name = is_long ? word.substr(2, word.find('=') - 2)
                                   : word.substr(1, std::min<size_t>(1, word.size()));
  for (const CLI::Option* option : OptionsOf(command)) {
    const auto& names = is_long ? option->get_lnames() : option->get_snames();
    if (std::find(names.begin(), names.end(), name) != names.end()) return option;
  }
  return nullptr;
}

// Where on the command line the last word stands.
struct Place {
  const CLI::App* command = nullptr;
  size_t arguments = 0;                   // positional ones before it
  const CLI::Option* awaiting = nullptr;  // whose value it may be
  std::vector<std::string> global;        // arguments that say which coordinator and how
};

void NoteGlobal(const CLI::App& app, const CLI::Option& option, const std::string& value,
                Place& place) {
  if (app.get_option_no_throw(LongestName(option)) != &option) return;
  place.global.push_back(TakesValue(option) ? absl::StrCat(LongestName(option), "=", value)
                                            : LongestName(option));
}

void TakeOption(const CLI::App& app, const std::string& word, Place& place) {
  const CLI::Option* option = FindOption(place.command, word);
  place.awaiting = nullptr;
  if (option == nullptr) return;
  const size_t equals = absl::StartsWith(word, "--") ? word.find('=') : word.size();
  const bool inside = equals < word.size() || (word[1] != '-' && word.size() > 2);
  if (TakesValue(*option) && !inside) {
    place.awaiting = option;
  } else {
    NoteGlobal(app, *option, equals < word.size() ? word.substr(equals + 1) : "", place);
  }
}

void TakeWord(const CLI::App& app, const std::string& word, Place& place) {
  if (word.size() > 1 && word[0] == '-') return TakeOption(app, word, place);
  if (place.awaiting != nullptr) {
    NoteGlobal(app, *place.awaiting, word, place);
    if (!TakesMany(*place.awaiting)) place.awaiting = nullptr;
    return;
  }
  for (const CLI::App* below :
       place.command->get_subcommands([](const CLI::App*) { return true; })) {
    if (below->get_name() != word) continue;
    place.command = below;
    place.arguments = 0;
    return;
  }
  ++place.arguments;
}

Place PlaceOf(const CLI::App& app, const std::vector<std::string>& words) {
  Place place;
  place.command = &app;
  for (size_t i = 0; i + 1 < words.size(); ++i) TakeWord(app, words[i], place);
  return place;
}

const CLI::Option* ArgumentAt(const Place& place) {
  const auto arguments = place.command->get_options(
      [](const CLI::Option* option) { return option->get_positional(); });
  if (place.arguments < arguments.size()) return arguments[place.arguments];
  if (!arguments.empty() && TakesMany(*arguments.back())) return arguments.back();
  return nullptr;
}

// The coordinator that the words, the environment or the configuration name.
class Names {
 public:
  explicit Names(const std::vector<std::string>& arguments)
      : give_up_(absl::Now() + kCompletionDeadline), farm_(Connect(arguments)) {}

  std::vector<std::string> Sweeps() {
    std::vector<std::string> names;
    Each<v1::ListSweepsRequest, v1::ListSweepsResponse>(
        &Stub::ListSweeps, {}, [&names](const v1::ListSweepsResponse& page) {
          for (const v1::Sweep& sweep : page.sweeps()) names.push_back(LastSegment(sweep.name()));
        });
    return names;
  }

  std::vector<std::string> Workers() {
    std::vector<std::string> names;
    Each<v1::ListWorkersRequest, v1::ListWorkersResponse>(
        &Stub::ListWorkers, {}, [&names](const v1::ListWorkersResponse& page) {
          for (const v1::Worker& worker : page.workers()) {
            names.push_back(LastSegment(worker.name()));
          }
        });
    return names;
  }

  std::vector<std::string> Jobs(const std::string& sweep) {
    std::vector<std::string> names;
    v1::ListJobsRequest request;
    request.set_parent(sweep);
    Each<v1::ListJobsRequest, v1::ListJobsResponse>(&Stub::ListJobs, request,
                                                    [&names](const v1::ListJobsResponse& page) {
                                                      for (const v1::Job& job : page.jobs())
                                                        names.push_back(LastSegment(job.name()));
                                                    });
    return names;
  }

  std::vector<std::string> Networks(const std::string& sweep) {
    std::vector<std::string> names;
    v1::ListNetworksRequest request;
    request.set_parent(sweep);
    Each<v1::ListNetworksRequest, v1::ListNetworksResponse>(
        &Stub::ListNetworks, request, [&names](const v1::ListNetworksResponse& page) {
          for (const v1::Network& network : page.networks()) names.push_back(network.key());
        });
    return names;
  }

 private:
  // An error is not for a command line that is being written: no names then.
  static std::optional<Farm> Connect(const std::vector<std::string>& arguments) {
    std::ostream silent(nullptr);
    Program program(Terminal{silent, silent});
    CLI::App app;
    AddGlobalOptions(app, program);
    app.require_subcommand(0);
    try {
      app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError&) {
      return std::nullopt;
    }
    program.Connect();  // takes the configuration in
    program.timeout_seconds = absl::ToDoubleSeconds(kCompletionDeadline);
    return program.Connect();
  }

  template <typename Request, typename Response>
  void Each(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
            Request request, const std::function<void(const Response&)>& take) {
    if (!farm_.has_value()) return;
    request.set_page_size(kPageSize);
    while (absl::Now() < give_up_) {
      const auto page = farm_->Call(method, request);
      if (!page.ok()) return;
      take(*page);
      if (page->next_page_token().empty()) return;
      request.set_page_token(page->next_page_token());
    }
  }

  const absl::Time give_up_;
  std::optional<Farm> farm_;
};

// SWEEP/NAME or sweeps/SWEEP/COLLECTION/NAME, segment by segment.
template <typename Children>
std::vector<std::string> ChildNames(const std::string& word, const std::string& collection,
                                    Names& names, const Children& children) {
  const bool full = absl::StartsWith(word, "sweeps/");
  const std::string rest = full ? word.substr(word.find('/') + 1) : word;
  const size_t slash = rest.find('/');
  const std::string before = full ? "sweeps/" : "", between = full ? collection + "/" : "";
  std::vector<std::string> candidates;
  if (slash == std::string::npos) {
    for (const std::string& sweep : names.Sweeps()) {
      candidates.push_back(absl::StrCat(before, sweep, "/", between));
    }
    return candidates;
  }
  const std::string sweep = rest.substr(0, slash);
  for (const std::string& child : children("sweeps/" + sweep)) {
    candidates.push_back(absl::StrCat(before, sweep, "/", between, child));
  }
  return candidates;
}

std::vector<std::string> Choices(absl::string_view list) {
  const size_t open = list.find('{'), close = list.rfind('}');
  if (open == absl::string_view::npos || close == absl::string_view::npos) return {};
  return absl::StrSplit(list.substr(open + 1, close - open - 1), ',');
}

// What can stand for the option or argument; `word` is what there is of it already.
std::vector<std::string> Values(const CLI::Option& option, const std::string& word,
                                const Place& place) {
  const std::string type = option.get_type_name();
  std::vector<std::string> values = Choices(type);
  std::optional<Names> connected;
  const auto names = [&connected, &place]() -> Names& {
    return connected.has_value() ? *connected : connected.emplace(place.global);
  };
  for (const absl::string_view kind :
       absl::StrSplit(type.substr(0, type.find_first_of(":{=")), '|')) {
    std::vector<std::string> more;
    if (kind == "FILE") more = {":file"};
    if (kind == "DIR") more = {":dir"};
    if (kind == "SWEEP") more = names().Sweeps();
    if (kind == "WORKER") more = names().Workers();
    if (kind == "JOB") {
      more = ChildNames(word, "jobs", names(),
                        [&names](const std::string& sweep) { return names().Jobs(sweep); });
    }
    if (kind == "NETWORK") {
      more = ChildNames(word, "networks", names(),
                        [&names](const std::string& sweep) { return names().Networks(sweep); });
    }
    values.insert(values.end(), more.begin(), more.end());
  }
  return values;
}

class Answer {
 public:
  Answer(const std::string& word, std::ostream& out) : word_(word), out_(out) {}

  void Add(const std::string& candidate, const std::string& description = "") {
    if (!absl::StartsWith(candidate, word_) && candidate[0] != ':') return;
    out_ << candidate << (description.empty() ? "" : "\t") << description << "\n";
    any_ = true;
  }

  // Values behind what the word has of other values or of the option's name.
  void AddValues(const CLI::Option& option, const std::string& before, const Place& place) {
    std::string done = before;
    const char delimiter = option.get_delimiter();
    const size_t last = delimiter == '\0' ? std::string::npos : word_.rfind(delimiter);
    if (last != std::string::npos && last >= before.size()) done = word_.substr(0, last + 1);
    for (const std::string& value : Values(option, word_.substr(done.size()), place)) {
      Add(value[0] == ':' ? value : done + value);
    }
  }

  void AddOptions(const CLI::App* command) {
    for (const CLI::Option* option : OptionsOf(command)) {
      Add(LongestName(*option), option->get_description());
    }
    Add("--help", "Print the command's help");
  }

  bool any() const { return any_; }

 private:
  const std::string word_;
  std::ostream& out_;
  bool any_ = false;
};

}  // namespace

int Complete(const CLI::App& app, const std::vector<std::string>& words, std::ostream& out) {
  const std::string word = words.empty() ? "" : words.back();
  const Place place = PlaceOf(app, words);
  Answer answer(word, out);
  const size_t equals = absl::StartsWith(word, "--") ? word.find('=') : std::string::npos;
  if (place.awaiting != nullptr && !absl::StartsWith(word, "-")) {
    answer.AddValues(*place.awaiting, "", place);
    out << std::flush;
    return kOk;
  }
  if (equals != std::string::npos) {
    const CLI::Option* option = FindOption(place.command, word);
    if (option != nullptr && TakesValue(*option)) {
      answer.AddValues(*option, word.substr(0, equals + 1), place);
    }
    out << std::flush;
    return kOk;
  }
  if (absl::StartsWith(word, "-")) {
    answer.AddOptions(place.command);
    out << std::flush;
    return kOk;
  }
  // Behind a word that is no command nothing can be said.
  const bool lost = place.arguments > 0 && !CommandNames(*place.command).empty();
  for (const CLI::App* below :
       place.command->get_subcommands([lost](const CLI::App*) { return !lost; })) {
    answer.Add(below->get_name(), below->get_description());
  }
  if (const CLI::Option* argument = ArgumentAt(place); argument != nullptr) {
    answer.AddValues(*argument, "", place);
  } else if (!answer.any() && !lost && word.empty()) {
    answer.AddOptions(place.command);
  }
  out << std::flush;
  return kOk;
}

}  // namespace rnnfarm::client
