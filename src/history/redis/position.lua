-- The position of the last message, in the epoch that the next one will have.
if not epoch then
  begin()
end
touch()
return { epoch, whole(last) }
