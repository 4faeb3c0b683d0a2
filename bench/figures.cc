#include "bench/figures.h"

#include "absl/strings/str_format.h"
#include "base/array_file.h"

namespace rnnfarm::bench {

absl::Status WriteJson(const std::string& path, const std::string& device,
                       const std::vector<Figure>& figures) {
  std::string text = absl::StrFormat("{\"device\": \"%s\", \"figures\": [", device);
  for (size_t i = 0; i < figures.size(); ++i) {
    absl::StrAppendFormat(&text, "%s\n  {\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}",
                          i == 0 ? "" : ",", figures[i].name, figures[i].value, figures[i].unit);
  }
  text += "\n]}\n";
  return base::WriteFile(path, text);
}

}  // namespace rnnfarm::bench
