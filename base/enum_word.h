// What people are told of an enum of the contract.
#ifndef RNNFARM_BASE_ENUM_WORD_H_
#define RNNFARM_BASE_ENUM_WORD_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::base {

// "failed" of JOB_STATE_FAILED, whose names all begin with JOB_STATE_.
inline std::string EnumWord(absl::string_view name, absl::string_view prefix) {
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}

// Of every value but UNSPECIFIED, which is the first.
inline std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type,
                                          absl::string_view prefix) {
  std::vector<std::string> words;
  for (int i = 1; i < type.value_count(); ++i) {
    words.push_back(EnumWord(type.value(i)->name(), prefix));
  }
  return words;
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_ENUM_WORD_H_
