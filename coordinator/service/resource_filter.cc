#include "coordinator/service/resource_filter.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/utf8.h"
#include "coordinator/population/population.h"

namespace rnnfarm::service {
namespace {

struct Spelling {
  absl::string_view text;
  Operator op;
};
// Longer ones first.
constexpr Spelling kOperators[] = {
    {"!=", Operator::kNotEqual}, {"<=", Operator::kLessOrEqual}, {">=", Operator::kGreaterOrEqual},
    {"==", Operator::kEqual},    {"=", Operator::kEqual},        {"<", Operator::kLess},
    {">", Operator::kGreater},
};

constexpr size_t kShownBytes = 20;  // of what cannot be read

bool IsFieldCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

std::string Suggestion(absl::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = population::NearestName(word, known);
  return absl::StrCat(nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "? "),
                      "valid are ", absl::StrJoin(known, ", "));
}

absl::StatusOr<const Field*> FindField(absl::string_view where, absl::string_view name,
                                       const std::vector<Field>& fields) {
  std::vector<std::string> known;
  for (const Field& field : fields) {
    if (field.name == name) return &field;
    known.push_back(field.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": no field \"", name, "\"; ", Suggestion(name, known)));
}

// Cuts one piece after the other off the front of a filter.
class Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(absl::StripAsciiWhitespace(text)) {}
  bool AtEnd() const { return rest_.empty(); }

  absl::string_view TakeField() {
    size_t end = 0;
    while (end < rest_.size() && IsFieldCharacter(rest_[end])) ++end;
    return Take(end);
  }
  absl::StatusOr<Operator> TakeOperator(absl::string_view field) {
    for (const Spelling& spelling : kOperators) {
      if (!absl::StartsWith(rest_, spelling.text)) continue;
      Take(spelling.text.size());
      return spelling.op;
    }
    return absl::InvalidArgumentError(absl::StrCat("filter: after \"", field,
                                                   "\" one of = != < <= > >= is expected, not \"",
                                                   base::CutUtf8(rest_, kShownBytes), "\""));
  }
  absl::StatusOr<std::string> TakeValue(absl::string_view field) {
    size_t end = rest_.find_first_of(" \t\n");
    if (absl::StartsWith(rest_, "\"")) {
      end = rest_.find('"', 1);
      if (end == absl::string_view::npos) {
        return absl::InvalidArgumentError(
            absl::StrCat("filter: the quoted value of \"", field, "\" has no closing quote"));
      }
      const std::string value(rest_.substr(1, end - 1));
      Take(end + 1);
      return value;
    }
    if (rest_.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("filter: \"", field, "\" lacks its value"));
    }
    return std::string(Take(std::min(end, rest_.size())));
  }
  absl::Status TakeAnd() {
    const absl::string_view word = TakeField();
    if (absl::EqualsIgnoreCase(word, "and")) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("filter: comparisons are joined by \"and\", not by \"",
                     base::CutUtf8(word.empty() ? rest_ : word, kShownBytes), "\""));
  }

 private:
  absl::string_view Take(size_t size) {
    const absl::string_view taken = rest_.substr(0, size);
    rest_ = absl::StripLeadingAsciiWhitespace(rest_.substr(size));
    return taken;
  }
  absl::string_view rest_;
};

absl::Status CheckValue(const Field& field, Operator op, const std::string& text, double& number) {
  if (field.numeric) {
    if (absl::SimpleAtod(text, &number) && !std::isnan(number)) return absl::OkStatus();
    absl::Time time;
    if (field.is_time && (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr) ||
                          absl::ParseTime("%Y-%m-%d", text, &time, nullptr))) {
      number = static_cast<double>(absl::ToUnixSeconds(time));
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("filter: \"", field.name, "\" is a ",
                     field.is_time ? "time such as 2026-01-31 or 2026-01-31T12:00:00Z" : "number",
                     ", \"", text, "\" is none"));
  }
  if (op != Operator::kEqual && op != Operator::kNotEqual) {
    return absl::InvalidArgumentError(
        absl::StrCat("filter: \"", field.name, "\" is text and takes only = and !="));
  }
  const bool known =
      field.values.empty() ||
      std::any_of(field.values.begin(), field.values.end(),
                  [&](const std::string& value) { return absl::EqualsIgnoreCase(value, text); });
  if (known) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("filter: \"", field.name, "\" is never \"", text,
                                                 "\"; ", Suggestion(text, field.values)));
}

// A number that is none (a worker may report a loss so) cannot be compared either.
bool IsMissing(const FieldValue& value) {
  if (const double* number = std::get_if<double>(&value)) return std::isnan(*number);
  if (const auto* numbers = std::get_if<std::vector<double>>(&value)) {
    return numbers->empty() || std::any_of(numbers->begin(), numbers->end(),
                                           [](double number) { return std::isnan(number); });
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return texts->empty();
  return std::holds_alternative<std::monostate>(value);
}

int Compared(double value, double with) { return value < with ? -1 : value > with; }
int Compared(const std::string& value, const std::string& with) {
  return absl::EqualsIgnoreCase(value, with) ? 0 : 1;
}

bool Holds(Operator op, int order) {
  switch (op) {
    case Operator::kEqual:
      return order == 0;
    case Operator::kNotEqual:
      return order != 0;
    case Operator::kLess:
      return order < 0;
    case Operator::kLessOrEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    case Operator::kGreaterOrEqual:
      return order >= 0;
  }
  return false;
}

// Whether a comparison is true of a value, or of each where there are several.
struct IsTrue {
  Operator op;
  double number;
  const std::string& text;

  bool operator()(std::monostate) const { return false; }
  bool operator()(double value) const { return Holds(op, Compared(value, number)); }
  bool operator()(const std::string& value) const { return Holds(op, Compared(value, text)); }
  template <typename Value>
  bool operator()(const std::vector<Value>& values) const {
    return std::all_of(values.begin(), values.end(), *this);
  }
};

// What is shown of such a field is several counts in one text.
absl::Status NoOrder(absl::string_view name, const std::vector<Field>& fields) {
  std::vector<std::string> others;
  for (const Field& field : fields) {
    if (!field.no_order) others.push_back(field.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("order_by: \"", name, "\" holds several counts and has no order; valid are ",
                   absl::StrJoin(others, ", ")));
}

}  // namespace

absl::StatusOr<ResourceFilter> ResourceFilter::Parse(absl::string_view text,
                                                     const std::vector<Field>& fields) {
  if (text.size() > kMaxFilterBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("filter: ", text.size(), " bytes are more than ", kMaxFilterBytes));
  }
  ResourceFilter filter;
  for (Reader reader(text); !reader.AtEnd();) {
    if (!filter.comparisons_.empty()) {
      if (auto status = reader.TakeAnd(); !status.ok()) return status;
    }
    Comparison comparison;
    comparison.field = std::string(reader.TakeField());
    auto field = FindField("filter", comparison.field, fields);
    if (!field.ok()) return field.status();
    auto op = reader.TakeOperator(comparison.field);
    if (!op.ok()) return op.status();
    comparison.op = *op;
    auto value = reader.TakeValue(comparison.field);
    if (!value.ok()) return value.status();
    comparison.text = *value;
    auto status = CheckValue(**field, *op, comparison.text, comparison.number);
    if (!status.ok()) return status;
    filter.comparisons_.push_back(std::move(comparison));
  }
  return filter;
}

bool ResourceFilter::Matches(const FieldReader& read) const {
  for (const Comparison& comparison : comparisons_) {
    const FieldValue value = read(comparison.field);
    if (IsMissing(value)) return false;
    if (!std::visit(IsTrue{comparison.op, comparison.number, comparison.text}, value)) return false;
  }
  return true;
}

absl::StatusOr<ResourceOrder> ResourceOrder::Parse(absl::string_view text,
                                                   const std::vector<Field>& fields) {
  ResourceOrder order;
  if (text.size() > kMaxFilterBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("order_by: ", text.size(), " bytes are more than ", kMaxFilterBytes));
  }
  const std::vector<std::string> words =
      absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (words.empty()) return order;
  if (words.size() > 2 || (words.size() == 2 && words[1] != "desc" && words[1] != "asc")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "order_by: \"", text, "\" is not a field, optionally followed by desc or asc"));
  }
  auto field = FindField("order_by", words[0], fields);
  if (!field.ok()) return field.status();
  if ((*field)->no_order) return NoOrder(words[0], fields);
  order.field_ = words[0];
  order.descending_ = words.size() == 2 && words[1] == "desc";
  return order;
}

std::vector<size_t> ResourceOrder::Sorted(size_t count,
                                          const std::function<FieldReader(size_t)>& reader) const {
  std::vector<size_t> indices(count);
  std::iota(indices.begin(), indices.end(), size_t{0});
  if (field_.empty()) return indices;
  std::vector<FieldValue> values;
  for (size_t i = 0; i < count; ++i) values.push_back(reader(i)(field_));
  auto missing = [&](size_t i) { return IsMissing(values[i]); };
  std::stable_sort(indices.begin(), indices.end(), [&](size_t a, size_t b) {
    if (missing(a) || missing(b)) return !missing(a) && missing(b);
    return descending_ ? values[b] < values[a] : values[a] < values[b];
  });
  return indices;
}

}  // namespace rnnfarm::service
