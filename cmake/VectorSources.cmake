# rnnfarm_vector_sources(a.cc …): compiles the directory's sources so that their plain loops become
# vector code in every build type (base/vector_unit.h). Neither option changes a result: nothing
# here reads errno or the flags of floating-point exceptions.
function(rnnfarm_vector_sources)
  set_source_files_properties(${ARGN} PROPERTIES
                              COMPILE_OPTIONS "-O3;-fno-math-errno;-fno-trapping-math")
endfunction()
