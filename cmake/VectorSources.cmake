# rnnfarm_vector_sources(a.cc …): compiles the directory's sources so that their plain loops become
# vector code in every build type (base/vector_unit.h). Neither option changes a result: nothing
# here reads errno or the flags of floating-point exceptions. Under sanitizers, whose checks no
# loop becomes vector code with and which -O3 takes many minutes over, the build type's own level
# stays.
function(rnnfarm_vector_sources)
  set(options -fno-math-errno -fno-trapping-math)
  if(NOT RNNFARM_SANITIZE)
    list(PREPEND options -O3)
  endif()
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "${options}")
endfunction()
