// What people are told of an enum of the contract.
#ifndef RNNFARM_BASE_ENUM_WORD_H_
#define RNNFARM_BASE_ENUM_WORD_H_

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::base {

// "failed" of JOB_STATE_FAILED, whose names all begin with JOB_STATE_.
inline std::string EnumWord(absl::string_view name, absl::string_view prefix) {
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_ENUM_WORD_H_
