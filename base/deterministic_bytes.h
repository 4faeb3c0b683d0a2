// A message as bytes that are the same for equal messages of one build: maps, which have no order
// of their own, are written by key. For digests and comparisons; parsing takes them as any others.
#ifndef RNNFARM_BASE_DETERMINISTIC_BYTES_H_
#define RNNFARM_BASE_DETERMINISTIC_BYTES_H_

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>

#include <string>

namespace rnnfarm::base {

inline std::string DeterministicBytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_DETERMINISTIC_BYTES_H_
