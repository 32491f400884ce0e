import { explore } from "../jobs/explore.ts";
import { KERNELS } from "../kernels/gather/index.ts";
const S=["pages=2,touch=1,tables=1,users=1","pages=2,gathers=2,touch=1,tables=0,pending=1","pages=1,tables=2,users=1,walk=1,flushes=1","pages=2,arch=1,touch=1,tables=2,batch=1,flushes=1","pages=1,vmas=1,touch=1,entries=1,tables=1"];
for (const k of KERNELS.slice(Number(process.argv[2]))) for (const s of S) {
  try {
  const e=await explore(k.name,{scope:s,states:12000});
  console.log(k.name,s,e.result.states,e.result.ended,e.reports.map((r:any)=>r.law+":"+(r.bug?.id??r.known??(r.bug===undefined&&r.known===undefined?"UNKNOWN":""))).join(" ").slice(0,400));
  } catch(x){ console.log(k.name,s,String(x).slice(0,120)); }
}
