// Filters and orders of lists.
//
//   filter    comparisons joined by "and": units>=128 and architecture=gru and state!=failed
//   order_by  a field, optionally followed by " desc"
//
// Operators are = != < <= > >=; text is compared without regard to case, by = and != only; values
// with spaces stand in double quotes. An entry whose field has no value matches no comparison and
// is sorted last. Where a field has several values, one a condition, a comparison has to be true of
// each, and the first that differs decides an order.
#ifndef RNNFARM_COORDINATOR_SERVICE_RESOURCE_FILTER_H_
#define RNNFARM_COORDINATOR_SERVICE_RESOURCE_FILTER_H_

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::service {

inline constexpr size_t kMaxFilterBytes = 2048;

struct Field {
  std::string name;
  bool numeric = false;
  // Of a text that can only be one of a few; empty: any.
  std::vector<std::string> values = {};
  bool is_time = false;   // numeric, and may be written as 2026-01-31 or 2026-01-31T12:00:00Z
  bool no_order = false;  // shown, but of a kind that cannot be sorted
};

using FieldValue = std::variant<std::monostate, double, std::string, std::vector<double>,
                                std::vector<std::string>>;
using FieldReader = std::function<FieldValue(absl::string_view field)>;

enum class Operator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

class ResourceFilter {
 public:
  // INVALID_ARGUMENT naming what cannot be read and the valid fields or values.
  static absl::StatusOr<ResourceFilter> Parse(absl::string_view text,
                                              const std::vector<Field>& fields);
  bool Matches(const FieldReader& read) const;
  bool empty() const { return comparisons_.empty(); }

 private:
  struct Comparison {
    std::string field;
    Operator op = Operator::kEqual;
    std::string text;
    double number = 0;
  };
  std::vector<Comparison> comparisons_;
};

class ResourceOrder {
 public:
  static absl::StatusOr<ResourceOrder> Parse(absl::string_view text,
                                             const std::vector<Field>& fields);
  bool empty() const { return field_.empty(); }
  // The indices 0 … count - 1 in this order; ties keep theirs.
  std::vector<size_t> Sorted(size_t count, const std::function<FieldReader(size_t)>& reader) const;

 private:
  std::string field_;
  bool descending_ = false;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_RESOURCE_FILTER_H_
