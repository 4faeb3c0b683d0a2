// What may come next on a command line: asked by the shells' completion as `rnnfarm __complete`.
//
// The names of options' and arguments' types say what can stand for them:
//   SWEEP, JOB, NETWORK, WORKER   names that the coordinator is asked for
//   FILE, DIR                     the shell's own
//   {a,b}                         one of these; OneOf (client/usage.h) adds it by itself
// Several are joined with "|", as in "SWEEP|DIR".
#ifndef RNNFARM_CLIENT_COMPLETION_H_
#define RNNFARM_CLIENT_COMPLETION_H_

#include <CLI/App.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rnnfarm::client {

inline constexpr char kCompleteCommand[] = "__complete";
// A person waits at the keyboard.
inline constexpr absl::Duration kCompletionDeadline = absl::Seconds(1);

// `words` stand after the program's name; the last, perhaps empty, is to be completed. Writes a
// candidate a line, with its description after a tab where there is one, and ":file" or ":dir"
// where the shell is to name files. Silent where nothing can be found out. Returns the exit code.
int Complete(const CLI::App& app, const std::vector<std::string>& words, std::ostream& out);

// The script that makes "bash", "zsh" or "fish" ask; empty for another shell.
absl::string_view CompletionScript(absl::string_view shell);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPLETION_H_
