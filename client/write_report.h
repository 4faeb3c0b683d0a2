// The report as a file.
#ifndef RNNFARM_CLIENT_WRITE_REPORT_H_
#define RNNFARM_CLIENT_WRITE_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "analysis/figures/report.h"

namespace rnnfarm::client {

// Draws the folder `results`, as Pull leaves it, into the HTML file `path`. A reader sees the old
// page or the new one.
absl::Status WriteReport(const std::string& results, const std::string& path,
                         const figures::LiveState& live = {});

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_WRITE_REPORT_H_
