// A disk in memory that loses what was not synced: bytes of files, and names in folders.
//
//   auto disk = std::make_shared<ForgetfulFileSystem>();
//   disk->AddFolder("/tmp/x");
//   auto env = rocksdb::NewCompositeEnv(disk);       // Options::env
//   ... use the store ...
//   disk->Restart(disk->At(k, Keep::kSynced));       // power went before the k-th operation
//   ... open the store again ...
//
// Every operation that changes the disk is counted, and the disk as it was before it is kept, so
// that power can be lost at each of them after one run. Operations can also be made to fail.
// Thread-safe; Restart only while nothing is open.
#ifndef RNNFARM_TESTS_COORDINATOR_STORE_FORGETFUL_FILE_SYSTEM_H_
#define RNNFARM_TESTS_COORDINATOR_STORE_FORGETFUL_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rnnfarm::store {

class ForgetfulFileSystem : public rocksdb::FileSystem {
 public:
  using IOStatus = rocksdb::IOStatus;
  using IOOptions = rocksdb::IOOptions;
  using FileOptions = rocksdb::FileOptions;
  using Debug = rocksdb::IODebugContext;

  struct Node {
    bool folder = false;
    std::string data;     // only ever appended to
    uint64_t synced = 0;  // bytes
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  struct Stored {
    std::shared_ptr<Node> node;
    uint64_t bytes = 0;
    bool operator==(const Stored&) const = default;
  };
  using Image = std::map<std::string, Stored>;
  // What power leaves of what was not synced: nothing; half of a file's bytes; names in folders but
  // no bytes; everything.
  enum class Keep { kSynced, kHalf, kNames, kAll };
  static constexpr Keep kKeeps[] = {Keep::kSynced, Keep::kHalf, Keep::kNames, Keep::kAll};

  // From operation `first` on, counted from 0 in its own kind, `count` of them fail.
  struct Fault {
    int64_t first = INT64_MAX;
    int64_t count = 1;
    IOStatus error;
    bool of_reads = false;
  };

  void AddFolder(const std::string& path);
  int64_t operations() const;
  int64_t reads() const;
  // The disk after `operation` operations, 0 to operations().
  Image At(int64_t operation, Keep keep) const;
  Image Now(Keep keep) const;
  // Everything begins anew from this: nothing unsynced, no fault.
  void Restart(const Image& image);
  void Record(bool record) { record_ = record; }
  void Inject(const Fault& fault);
  void SetFreeBytes(uint64_t bytes);
  // A file's bytes may be changed in place where nothing is open.
  std::string* MutableData(const std::string& path) { return &live_.at(path)->data; }

  const char* Name() const override { return "ForgetfulFileSystem"; }
  IOStatus NewSequentialFile(const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>*, Debug*) override;
  IOStatus NewRandomAccessFile(const std::string&, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>*, Debug*) override;
  IOStatus NewWritableFile(const std::string&, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>*, Debug*) override;
  IOStatus NewDirectory(const std::string&, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>*, Debug*) override;
  IOStatus FileExists(const std::string&, const IOOptions&, Debug*) override;
  IOStatus GetChildren(const std::string&, const IOOptions&, std::vector<std::string>*,
                       Debug*) override;
  IOStatus DeleteFile(const std::string&, const IOOptions&, Debug*) override;
  IOStatus CreateDir(const std::string&, const IOOptions&, Debug*) override;
  IOStatus CreateDirIfMissing(const std::string&, const IOOptions&, Debug*) override;
  IOStatus DeleteDir(const std::string&, const IOOptions&, Debug*) override;
  IOStatus GetFileSize(const std::string&, const IOOptions&, uint64_t*, Debug*) override;
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, uint64_t*,
                                   Debug*) override;
  IOStatus RenameFile(const std::string&, const std::string&, const IOOptions&, Debug*) override;
  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock**, Debug*) override;
  IOStatus UnlockFile(rocksdb::FileLock*, const IOOptions&, Debug*) override;
  IOStatus GetTestDirectory(const IOOptions&, std::string*, Debug*) override;
  IOStatus GetAbsolutePath(const std::string&, const IOOptions&, std::string*, Debug*) override;
  IOStatus IsDirectory(const std::string&, const IOOptions&, bool*, Debug*) override;
  IOStatus GetFreeSpace(const std::string&, const IOOptions&, uint64_t*, Debug*) override;

 private:
  class File;
  class Folder;

  // Both under mutex_: what an operation has to ask before it takes effect.
  IOStatus Begin();
  IOStatus BeginRead();
  IOStatus Find(const std::string& path, std::shared_ptr<Node>* node);
  Image Take(Keep keep) const;

  mutable std::mutex mutex_;
  Names live_, durable_;
  std::vector<std::map<Keep, Image>> images_;
  bool record_ = false;
  int64_t operations_ = 0, reads_ = 0;
  Fault fault_;
  uint64_t free_bytes_ = uint64_t{1} << 40;
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_TESTS_COORDINATOR_STORE_FORGETFUL_FILE_SYSTEM_H_
