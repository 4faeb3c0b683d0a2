// The prepared networks of a comparison, as many in memory as a limit allows: each is prepared
// once, and read back from the scratch folder when it was put aside (without such a folder it is
// prepared again).
#ifndef RNNFARM_ANALYSIS_PAIRWISE_PREPARED_CACHE_H_
#define RNNFARM_ANALYSIS_PAIRWISE_PREPARED_CACHE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/pairwise/pairwise.h"

namespace rnnfarm::analysis {

// Thread-safe.
class PreparedCache {
 public:
  // All three must live as long as it does.
  PreparedCache(const PairwiseInput& input, int64_t memory_bytes, const Scratch* scratch);

  // Null if the network cannot be compared (`member` says why). Errors are those of reading.
  absl::StatusOr<std::shared_ptr<const Prepared>> Get(int network);

  // What the first Get learnt.
  Member member(int network) const;
  // Of the prepared network, wherever it is now; 0 before the first Get.
  int64_t bytes(int network) const;
  int64_t columns(int network) const;
  int64_t held_bytes() const;

 private:
  struct Entry {
    std::mutex preparing;
    std::shared_ptr<const Prepared> prepared;  // guarded by mutex_, as all that follows
    bool kept = false;                         // in the scratch folder
    Member member;
    int64_t bytes = 0, columns = 0;
    uint64_t last_use = 0;
  };

  struct Leaving {
    int network;
    std::shared_ptr<const Prepared> prepared;
    bool kept;
  };

  std::shared_ptr<const Prepared> Held(Entry& entry);
  absl::StatusOr<std::shared_ptr<const Prepared>> Make(int network, Entry& entry);
  std::shared_ptr<const Prepared> Learn(Entry& entry, Member member,
                                        std::shared_ptr<const Prepared> prepared, bool kept);
  std::vector<Leaving> ChooseLeaving();  // holding mutex_
  void PutAside(Leaving& one);
  std::string KeyOf(int network) const;

  const PairwiseInput& input_;
  const int64_t memory_bytes_;
  const Scratch* const scratch_;
  std::mutex reading_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_;
  int64_t held_bytes_ = 0;
  uint64_t uses_ = 0;
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_PAIRWISE_PREPARED_CACHE_H_
