// Runs a fuzz target without libFuzzer, so that it is a test with any compiler.
//
//   NAME_fuzz_test [FILE|DIR]...       its seeds, these files, and mutations of all of them; of
//                                      single files alone, only those
//   NAME_fuzz_test --write-seeds DIR   writes the seeds, where libFuzzer is to begin
//
// An input that ends the process is left behind as NAME_fuzz_test.crash beside the program.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/random_stream.h"
#include "tests/fuzz/mutation.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {
namespace {

constexpr int kMutations = 4000;
constexpr size_t kLongestMutated = 1 << 13;  // longer ones are run as they are only

// For the signal handler.
const std::string* current = nullptr;
std::string crash_file;

void KeepInput(int signal) {
  const int file = open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && current != nullptr) {
    [[maybe_unused]] const ssize_t written = write(file, current->data(), current->size());
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void Run(const std::string& input) {
  current = &input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void AddFolder(const std::string& folder, std::vector<std::string>& inputs) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) inputs.push_back(Read(file));
}

int WriteSeeds(const std::string& folder) {
  int number = 0;
  for (const std::string& seed : Seeds()) {
    std::ofstream(absl::StrCat(folder, "/seed", number++), std::ios::binary) << seed;
  }
  return 0;
}

int Main(int count, char** arguments) {
  if (count == 3 && std::string(arguments[1]) == "--write-seeds") return WriteSeeds(arguments[2]);
  crash_file = absl::StrCat(arguments[0], ".crash");
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(signal, KeepInput);
  std::vector<std::string> inputs;
  bool only_files = count > 1;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      inputs.push_back(Read(arguments[i]));
      continue;
    }
    only_files = false;
    AddFolder(arguments[i], inputs);
  }
  if (!only_files) {
    for (std::string& seed : Seeds()) inputs.push_back(std::move(seed));
  }
  for (const std::string& input : inputs) Run(input);
  std::cout << inputs.size() << " inputs\n";
  if (only_files) return 0;
  const auto is_long = [](const std::string& input) { return input.size() > kLongestMutated; };
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(), is_long), inputs.end());
  base::RandomStream random(base::DeriveStream(0, "fuzz", "mutations"));
  for (int i = 0; i < kMutations; ++i) Run(Mutated(inputs, random));
  std::cout << kMutations << " mutations\n";
  return 0;
}

}  // namespace
}  // namespace rnnfarm::fuzz

int main(int count, char** arguments) { return rnnfarm::fuzz::Main(count, arguments); }
