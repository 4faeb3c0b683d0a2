// How fast networks are trained: milliseconds an iteration of each cell and size, the useful
// operations behind it (6 B T G N²: forward, backward to the state, weight gradient), their share
// of what one core of this machine can do, and, in alternation with it, the reference engine and
// PyTorch; how a pack scales to two threads; how much memory training takes; how fast packs of
// networks are trained on a GPU, or on all threads, beside PyTorch and JAX there.
//
//   bench_train [--quick] [--json FILE] [--engine NAME] [--units 64,128] [--cells vanilla,gru]
//               [--all] [--no-torch] [--python FILE] [--seconds S] [--rounds R]
//   bench_train --scaling | --memory [the same]
//   bench_train --packs [1,16,256,1024] [--precision tf32] [the same]

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bench/figures.h"
#include "bench/help.h"
#include "bench/train_pack.h"
#include "bench/train_tables.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"

namespace rnnfarm::bench {
namespace {

constexpr char kUsage[] =
    "How fast networks are trained: milliseconds an iteration of each cell and size, the share of\n"
    "what one core can do, and in alternation the reference engine and PyTorch.\n"
    "usage: bench_train [--scaling | --memory | --packs [1,16,256,1024]] [--quick] [--json FILE]\n"
    "                   [--engine NAME] [--units 64,128] [--cells vanilla,gru] [--all]\n"
    "                   [--precision fp32|tf32|bf16] [--no-torch] [--python FILE] [--seconds S]\n"
    "                   [--rounds R]\n"
    "  --scaling        how a pack scales to two threads\n"
    "  --memory         how much memory training takes\n"
    "  --packs SIZES    networks of one shape at once, on a GPU where this build and machine have "
    "one\n"
    "  --precision P    of --packs\n"
    "  --quick          64 units alone, fewer and shorter rounds: ends within a minute\n"
    "  --json FILE      writes the figures there too\n"
    "  --engine NAME    cpu, reference or cuda\n"
    "  --units, --cells which networks; --all: the leaky cell and relu too\n"
    "  --no-torch       without PyTorch beside it, which --python FILE runs otherwise\n"
    "  --seconds S      that a case takes at least, about\n"
    "  --rounds R       of measurement\n"
    "example: bench_train --quick --units 64 --cells gru --no-torch\n";

enum class Table { kSpeed, kScaling, kMemory, kPacks };

struct CommandLine {
  Table table = Table::kSpeed;
  std::string json;
  TableOptions options;
};

// Flags without a value, and those with one.
struct Flags {
  bool quick = false, all = false, no_torch = false, scaling = false, memory = false;
  bool packs = false;
  std::string pack_sizes;
  std::map<std::string, std::string> values = {
      {"--json", ""},    {"--engine", ""},        {"--units", ""},
      {"--cells", ""},   {"--precision", "fp32"}, {"--python", "/usr/bin/python3"},
      {"--seconds", ""}, {"--rounds", ""}};
};

absl::StatusOr<Flags> ParseFlags(int argc, char** argv) {
  Flags flags;
  const std::map<std::string, bool*> switches = {{"--quick", &flags.quick},
                                                 {"--all", &flags.all},
                                                 {"--no-torch", &flags.no_torch},
                                                 {"--scaling", &flags.scaling},
                                                 {"--memory", &flags.memory}};
  for (int i = 1; i < argc; ++i) {
    if (const auto found = switches.find(argv[i]); found != switches.end()) {
      *found->second = true;
    } else if (argv[i] == std::string("--packs")) {
      flags.packs = true;
      if (i + 1 < argc && argv[i + 1][0] != '-') flags.pack_sizes = argv[++i];
    } else if (flags.values.count(argv[i]) > 0 && i + 1 < argc) {
      flags.values[argv[i]] = argv[i + 1];
      ++i;
    } else {
      return absl::InvalidArgumentError(absl::StrCat("unknown or incomplete flag ", argv[i]));
    }
  }
  return flags;
}

// Size by size, cell by cell.
absl::StatusOr<std::vector<rnn::CellSpec>> Cases(const Flags& flags) {
  const bool small = flags.quick || flags.scaling;
  const std::string& units_text = flags.values.at("--units");
  const std::string& cells_text = flags.values.at("--cells");
  const std::string cells = !cells_text.empty() ? cells_text
                            : flags.all         ? "vanilla,ugrnn,gru,lstm,leaky"
                                                : "vanilla,ugrnn,gru,lstm";
  const std::string sizes = !units_text.empty() ? units_text : small ? "64" : "64,128,256";
  std::vector<rnn::CellSpec> cases;
  for (const std::string& size : std::vector<std::string>(absl::StrSplit(sizes, ','))) {
    for (const std::string& name : std::vector<std::string>(absl::StrSplit(cells, ','))) {
      rnn::CellSpec cell;
      if (!absl::SimpleAtoi(size, &cell.units) || cell.units < 1) {
        return absl::InvalidArgumentError(absl::StrCat("--units has \"", size, "\""));
      }
      const auto architecture = rnn::ParseArchitecture(name);
      if (!architecture.ok()) return architecture.status();
      cell.architecture = *architecture;
      cases.push_back(cell);
      if (!flags.all) continue;
      cell.activation = rnn::Activation::kRelu;
      cases.push_back(cell);
    }
  }
  return cases;
}

// The fused engine where this build has it; for packs on a GPU, where there is one.
std::string DefaultEngine(bool packs) {
  if (packs && engine::MakeEngine("cuda").ok()) return "cuda";
  return engine::MakeEngine("cpu").ok() ? "cpu" : "reference";
}

absl::Status ReadPacks(const Flags& flags, TableOptions& options) {
  const absl::StatusOr<engine::Precision> precision =
      ParsePrecision(flags.values.at("--precision"));
  if (!precision.ok()) return precision.status();
  options.precision = *precision;
  options.quick = flags.quick;
  options.seconds = flags.quick ? 4 : 6;
  options.rounds = flags.quick ? 2 : 3;
  if (flags.pack_sizes.empty()) return absl::OkStatus();
  for (const std::string& size : std::vector<std::string>(absl::StrSplit(flags.pack_sizes, ','))) {
    if (!absl::SimpleAtoi(size, &options.packs.emplace_back()) || options.packs.back() < 1) {
      return absl::InvalidArgumentError(absl::StrCat("--packs has \"", size, "\""));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<CommandLine> Parse(int argc, char** argv) {
  const absl::StatusOr<Flags> flags = ParseFlags(argc, argv);
  if (!flags.ok()) return flags.status();
  absl::StatusOr<std::vector<rnn::CellSpec>> cases = Cases(*flags);
  if (!cases.ok()) return cases.status();
  CommandLine command;
  command.table = flags->packs     ? Table::kPacks
                  : flags->scaling ? Table::kScaling
                  : flags->memory  ? Table::kMemory
                                   : Table::kSpeed;
  command.json = flags->values.at("--json");
  TableOptions& options = command.options;
  options.cases = *std::move(cases);
  const std::string& engine = flags->values.at("--engine");
  options.engine = engine.empty() ? DefaultEngine(flags->packs) : engine;
  options.python = flags->no_torch ? "" : flags->values.at("--python");
  if (flags->quick) {
    options.rounds = 3;
    options.seconds = 5;
  }
  if (flags->packs) {
    if (absl::Status status = ReadPacks(*flags, options); !status.ok()) return status;
  }
  const std::string& seconds = flags->values.at("--seconds");
  const std::string& rounds = flags->values.at("--rounds");
  if (!seconds.empty() && (!absl::SimpleAtod(seconds, &options.seconds) || options.seconds <= 0)) {
    return absl::InvalidArgumentError(absl::StrCat("--seconds is \"", seconds, "\""));
  }
  if (!rounds.empty() && (!absl::SimpleAtoi(rounds, &options.rounds) || options.rounds < 1)) {
    return absl::InvalidArgumentError(absl::StrCat("--rounds is \"", rounds, "\""));
  }
  return command;
}

absl::Status Run(const CommandLine& command) {
  std::vector<Figure> figures;
  absl::Status status;
  switch (command.table) {
    case Table::kSpeed:
      status = PrintSpeed(command.options, figures);
      break;
    case Table::kScaling:
      status = PrintScaling(command.options, figures);
      break;
    case Table::kMemory:
      status = PrintMemory(command.options, figures);
      break;
    case Table::kPacks:
      status = PrintPacks(command.options, figures);
      break;
  }
  if (!status.ok() || command.json.empty()) return status;
  const std::string device = command.table == Table::kSpeed   ? "one CPU core"
                             : command.table == Table::kPacks ? DeviceName(command.options.engine)
                                                              : "CPU";
  return WriteJson(command.json, device, figures);
}

}  // namespace
}  // namespace rnnfarm::bench

int main(int argc, char** argv) {
  if (rnnfarm::bench::AsksForHelp(argc, argv)) {
    std::fputs(rnnfarm::bench::kUsage, stdout);
    return 0;
  }
  const auto command = rnnfarm::bench::Parse(argc, argv);
  if (!command.ok()) {
    std::fprintf(stderr, "bench_train: %s\n%s", std::string(command.status().message()).c_str(),
                 rnnfarm::bench::kUsage);
    return 2;
  }
  const absl::Status status = rnnfarm::bench::Run(*command);
  if (!status.ok()) {
    std::fprintf(stderr, "bench_train: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
