// What a sweep would be, for a person to look at before it is submitted.
#ifndef RNNFARM_CLIENT_PREVIEW_H_
#define RNNFARM_CLIENT_PREVIEW_H_

#include <string>

#include "rnnfarm/v1/farm_service.pb.h"

namespace rnnfarm::client {

// Without costs, which the coordinator alone knows.
v1::SweepPreview PreviewOf(const v1::SweepSpec& spec);

// Networks an axis, jobs a kind and, where a coordinator made the preview, what they cost: lines of
// at most 80 columns unless a single word is longer.
std::string PreviewText(const v1::SweepPreview& preview, bool of_coordinator);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PREVIEW_H_
