#include "client/hdf5_file.h"

#include <hdf5.h>

#include <type_traits>

#include "absl/strings/str_cat.h"

namespace rnnfarm::client {
namespace {

static_assert(std::is_same_v<hid_t, int64_t>);

// One of libhdf5's handles; closed with the object.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) : id_(other.id_), close_(other.close_) { other.id_ = -1; }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  bool ok() const { return id_ >= 0; }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

Handle Copied(hid_t type) { return Handle(H5Tcopy(type), H5Tclose); }

Handle TruthType() {
  Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  for (int8_t value : {0, 1}) H5Tenum_insert(type, value == 0 ? "FALSE" : "TRUE", &value);
  return type;
}

Handle ComplexType() {
  Handle type(H5Tcreate(H5T_COMPOUND, 2 * sizeof(double)), H5Tclose);
  H5Tinsert(type, "r", 0, H5T_IEEE_F64LE);
  H5Tinsert(type, "i", sizeof(double), H5T_IEEE_F64LE);
  return type;
}

Handle TextType() {
  Handle type = Copied(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

Handle TypeOf(const std::string& dtype) {
  if (dtype == "<f4") return Copied(H5T_IEEE_F32LE);
  if (dtype == "<f8") return Copied(H5T_IEEE_F64LE);
  if (dtype == "<i4") return Copied(H5T_STD_I32LE);
  if (dtype == "<i8") return Copied(H5T_STD_I64LE);
  if (dtype == "|u1") return Copied(H5T_STD_U8LE);
  if (dtype == "|b1") return TruthType();
  if (dtype == "<c16") return ComplexType();
  return Handle(-1, H5Tclose);
}

Handle SpaceOf(const std::vector<int64_t>& shape) {
  if (shape.empty()) return Handle(H5Screate(H5S_SCALAR), H5Sclose);
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  return Handle(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                H5Sclose);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Hdf5File>> Hdf5File::Create(const std::string& path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // it would print its own errors
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // File systems of clusters often have no locks; nobody else knows this file yet.
  H5Pset_file_locking(access, false, true);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access);
  if (file < 0) return absl::FailedPreconditionError(absl::StrCat(path, " cannot be written"));
  return std::unique_ptr<Hdf5File>(new Hdf5File(path, file));
}

Hdf5File::~Hdf5File() {
  if (file_ >= 0) H5Fclose(file_);
}

absl::Status Hdf5File::Failed(const std::string& name) const {
  return absl::InternalError(absl::StrCat(path_, ": ", name, " cannot be written"));
}

absl::Status Hdf5File::Write(const std::string& name, int64_t type, int64_t space,
                             const void* data) {
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);
  const Handle set(H5Dcreate2(file_, name.c_str(), type, space, links, creation, H5P_DEFAULT),
                   H5Dclose);
  if (!set.ok()) return Failed(name);
  const bool empty = H5Sget_simple_extent_npoints(space) == 0;
  if (empty || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0) {
    return absl::OkStatus();
  }
  return Failed(name);
}

absl::Status Hdf5File::Add(const std::string& name, const base::Array& array) {
  if (const absl::StatusOr<std::string> text = array.ToText(); text.ok()) {
    return AddText(name, *text);
  }
  const Handle type = TypeOf(array.dtype);
  if (!type.ok()) {
    return absl::UnimplementedError(absl::StrCat(path_, ": ", name, " is ", array.Describe(),
                                                 ", which has no place in HDF5 here"));
  }
  return Write(name, type, SpaceOf(array.shape), array.data.data());
}

absl::Status Hdf5File::Add(const std::string& name, const std::vector<std::string>& texts) {
  std::vector<const char*> data;
  for (const std::string& text : texts) data.push_back(text.c_str());
  return Write(name, TextType(), SpaceOf({static_cast<int64_t>(texts.size())}), data.data());
}

absl::Status Hdf5File::AddText(const std::string& name, const std::string& text) {
  const char* data = text.c_str();
  return Write(name, TextType(), SpaceOf({}), &data);
}

absl::Status Hdf5File::SetAttribute(const std::string& name, const std::string& text) {
  const Handle type = TextType();
  const Handle attribute(
      H5Acreate2(file_, name.c_str(), type, SpaceOf({}), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const char* data = text.c_str();
  return attribute.ok() && H5Awrite(attribute, type, &data) >= 0 ? absl::OkStatus() : Failed(name);
}

absl::Status Hdf5File::Close() {
  const hid_t file = file_;
  file_ = -1;
  if (H5Fclose(file) >= 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(path_, " cannot be written; is the disk full?"));
}

}  // namespace rnnfarm::client
