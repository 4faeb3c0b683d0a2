// What protobuf's parser of the text format finds wrong, in words for who wrote the file.
#ifndef RNNFARM_CLIENT_PARSER_WORDS_H_
#define RNNFARM_CLIENT_PARSER_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace rnnfarm::client {

// Errors of one field after which the rest of the file still means what it says.
bool ConcernsOneField(absl::string_view message);

// `message` of the parser about `field`, empty where it is about none: "tls: "maybe" is neither
// true nor false".
std::string Plainly(const std::string& message, const std::string& field);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PARSER_WORDS_H_
