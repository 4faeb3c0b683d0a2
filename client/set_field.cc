#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/sweep_file.h"

namespace rnnfarm::client {
namespace {

namespace pb = google::protobuf;

// Without it protobuf writes to standard error on its own.
class Silent : public pb::io::ErrorCollector {
 public:
  void AddError(int, pb::io::ColumnNumber, const std::string&) override {}
};

// "task[1]" into "task" and 1; -1 without an index.
bool SplitIndex(absl::string_view part, std::string* name, int* index) {
  const size_t open = part.find('[');
  *name = std::string(part.substr(0, open));
  *index = -1;
  if (open == absl::string_view::npos) return true;
  if (part.back() != ']') return false;
  return absl::SimpleAtoi(part.substr(open + 1, part.size() - open - 2), index) && *index >= 0;
}

// The value in text format: strings may come without quotes, as shells take them away.
std::string AsText(absl::string_view value, const pb::FieldDescriptor& field) {
  const std::string text(absl::StripAsciiWhitespace(value));
  const bool quoted = !text.empty() && (text[0] == '"' || text[0] == '\'');
  if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING || quoted) return text;
  return absl::StrCat("\"", text, "\"");
}

absl::Status SetLeaf(const pb::FieldDescriptor& field, absl::string_view value, int index,
                     pb::Message& message) {
  if (index >= 0) {
    return absl::InvalidArgumentError("only whole lists can be set, such as grid.units=[64,128]");
  }
  message.GetReflection()->ClearField(&message, &field);
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
    return absl::InvalidArgumentError(
        absl::StrCat(field.name(), " has fields of its own: set one of them"));
  }
  std::vector<std::string> values = {std::string(value)};
  if (field.is_repeated()) {
    if (!value.empty() && value.front() == '[' && value.back() == ']') {
      value = value.substr(1, value.size() - 2);
    }
    values = absl::StrSplit(value, ',', absl::SkipWhitespace());
  }
  for (const std::string& one : values) {
    Silent silent;
    pb::TextFormat::Parser parser;
    parser.RecordErrorsTo(&silent);
    if (!parser.ParseFieldValueFromString(AsText(one, field), &field, &message)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", one, "\" is no value for ", field.name(),
                                                     ", which takes ", field.cpp_type_name()));
    }
  }
  return absl::OkStatus();
}

absl::Status Descend(absl::string_view path, absl::string_view value, pb::Message& root) {
  pb::Message* message = &root;
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string name;
    int index;
    if (!SplitIndex(parts[i], &name, &index)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", parts[i], "\" is no field or element"));
    }
    const pb::FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) {
      std::string nearest;
      return absl::InvalidArgumentError(
          UnknownFieldMessage(name, *message->GetDescriptor(), &nearest));
    }
    if (i + 1 == parts.size()) return SetLeaf(*field, value, index, *message);
    const pb::Reflection& reflection = *message->GetReflection();
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      return absl::InvalidArgumentError(absl::StrCat(name, " has no fields of its own"));
    }
    if (!field->is_repeated()) {
      message = reflection.MutableMessage(message, field);
      continue;
    }
    const int size = reflection.FieldSize(*message, field);
    if (index < 0 || index >= size) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is a list of ", size, ": name one as ", name, "[0]"));
    }
    message = reflection.MutableRepeatedMessage(message, field, index);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SetField(absl::string_view setting, v1::SweepSpec& spec) {
  const size_t equals = setting.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--set ", setting, ": write path=value, such as training.iterations=500"));
  }
  v1::SweepSpec changed = spec;
  const absl::Status set = Descend(absl::StripAsciiWhitespace(setting.substr(0, equals)),
                                   absl::StripAsciiWhitespace(setting.substr(equals + 1)), changed);
  if (set.ok()) {
    spec = std::move(changed);
    return set;
  }
  return absl::InvalidArgumentError(absl::StrCat("--set ", setting, ": ", set.message()));
}

}  // namespace rnnfarm::client
