// A sweep file's text turned into a message, with the place of every field.
#ifndef RNNFARM_CLIENT_SWEEP_SOURCE_H_
#define RNNFARM_CLIENT_SWEEP_SOURCE_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::client {

// Counted from 1; a tab goes to the next multiple of 8, as protobuf counts.
struct Position {
  int line = 1;  // 0: not in the file
  int column = 1;
  bool operator<(const Position& other) const {
    return line != other.line ? line < other.line : column < other.column;
  }
};

struct Diagnostic {
  Position at;
  std::string message;
};

struct ParsedText {
  // Of every field that the file sets: "grid.l2[2]", "task[1].flip_flop.bits".
  std::map<std::string, Position> where;
  std::vector<Diagnostic> errors;
  // Names of fields whose absence from the message an error above explains already.
  std::set<std::string> explained;
  // The whole text was read: what the message lacks, the file lacks.
  bool complete = true;
};

struct ParsedSweep : ParsedText {
  v1::SweepSpec spec;
};

// Protobuf's text format, of any message.
void ParseText(absl::string_view text, google::protobuf::Message& message, ParsedText& parsed);

// Protobuf's text format.
ParsedSweep ParseSweepText(absl::string_view text);
// Proto3 JSON, field names in either spelling.
ParsedSweep ParseSweepJson(absl::string_view text);

// "unknown field "unitz" in Grid: did you mean units?", or the list of the message's fields.
// `nearest` receives the suggestion or stays empty.
std::string UnknownFieldMessage(absl::string_view field,
                                const google::protobuf::Descriptor& message, std::string* nearest);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_SWEEP_SOURCE_H_
